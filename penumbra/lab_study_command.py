"""`penumbra lab study`: a recipe's four embeddings side by side, attacked, weighed and written down."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, final

import typer
from rich import progress
from rich.console import Console

from penumbra import lab_options as o
from penumbra.lab_needs import find_recipe, require_lab
from penumbra.saying import say
from privacy_lab.errors import BadRecipe

if TYPE_CHECKING:
    from privacy_lab.checkpoints import Progress
    from privacy_lab.recipe import Recipe

RecipeArgument = Annotated[str, typer.Argument(help="A recipe's YAML file, or the name of a shipped one.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder for embeddings.json, .md and the plots.")]
SeedsOption = Annotated[int, typer.Option("--seeds", min=1, max=100, help="Batteries, each with its seed.")]
BesideOption = Annotated[
    int | None, typer.Option("--beside", min=1, help="Batteries for the other embeddings, if fewer.")
]
ImagesOption = Annotated[int, typer.Option("--images", min=1, max=100_000, help="Pictures reconstructed.")]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where finished work is kept; an interrupted study goes on.")
]
PageOption = Annotated[
    Path | None, typer.Option("--page", help="Write a page for people, with the pictures that were attacked.")
]

DefencesOption = Annotated[
    bool, typer.Option("--defences", help="Also learn our code under each defence, one at a time.")
]

_DONE: Final = 1.0


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(study)


def study(
    recipe: RecipeArgument,
    *,
    data: o.DataOption = o.DATA,
    out: OutOption = Path("docs/results"),
    seeds: SeedsOption = 3,
    beside: BesideOption = None,
    images: ImagesOption = 128,
    defences: DefencesOption = False,
    page: PageOption = None,
    folder: FolderOption = None,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Train, attack and weigh a recipe's four embeddings, and write the tables and plots."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.battery.plan import Plan  # noqa: PLC0415
    from privacy_lab.certify.page import render_page  # noqa: PLC0415
    from privacy_lab.study.task import Places, Study  # noqa: PLC0415
    from privacy_lab.study.write import write_study  # noqa: PLC0415

    plan, console = _planned(recipe), Console()
    chosen = o.device_for("training", device, threads, console)
    kept = o.kept_in(folder, "lab")
    places = Places(kept, kept / "bundles", kept / "attacks")
    battery = Plan(seeds=tuple(range(seeds)), images=images)
    with _bar(console) as bar:
        watch = _Watch(bar)
        found = Study(
            plan,
            data,
            places,
            battery,
            device=chosen,
            watch=watch.attack,
            watch_stage=watch.stage,
            beside=beside,
        )
        task = found.run(_said(plan.name, seeds, beside, images), defences=defences)
    written = list(write_study(task, out))
    if page:
        page.write_text(render_page(found.page(task)), encoding="utf-8")
        written.append(page)
    for path in written:
        say(console, f"wrote {path}")


def _planned(recipe: str) -> "Recipe":
    from privacy_lab.recipe import Recipe, read_any_recipe  # noqa: PLC0415 - quick --help

    plan = read_any_recipe(find_recipe(recipe))
    if not isinstance(plan, Recipe):
        raise BadRecipe(
            f"{plan.name}: is a picture's recipe, which has one embedding; there is nothing to study"
        )
    return plan


def _said(name: str, seeds: int, beside: int | None, images: int) -> str:
    words = ["penumbra lab study", name, f"--seeds {seeds}", f"--images {images}"]
    return " ".join(words if beside is None else [*words, f"--beside {beside}"])


@final
class _Watch:
    """One bar for what is being trained or attacked now, and one count of what is done."""

    def __init__(self, bar: progress.Progress) -> None:
        self._bar = bar
        self._now = bar.add_task("", total=_DONE)

    def stage(self, stage: str, epochs: int, now: "Progress") -> None:
        """See `WatchStage`."""
        self._bar.update(self._now, description=f"training {stage}", completed=now.epoch / epochs)

    def attack(self, attack: str, seed: int, share: float) -> None:
        """See `WatchAll`."""
        self._bar.update(self._now, description=f"{attack}, seed {seed}", completed=share)


def _bar(console: Console) -> progress.Progress:
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
        console=console,
    )
