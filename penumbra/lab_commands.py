"""`penumbra lab`: train what runs, offline. torch is imported when a command needs it, not before."""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich import progress
from rich.console import Console

from penumbra.bundle_commands import show_bundle
from privacy_lab.errors import BadRecipe, TorchMissing

if TYPE_CHECKING:
    from privacy_lab.checkpoints import Progress
    from privacy_lab.recipe import PictureRecipe, Recipe

app = typer.Typer(help="Train extractors and analyzers, offline.", no_args_is_help=True)

_NEEDED: Final = ("torch", "onnx", "onnxruntime", "safetensors", "cv2")
_SHIPPED: Final = Path(__file__).parent.parent / "privacy_lab" / "recipes"

RecipeArgument = Annotated[str, typer.Argument(help="A recipe's YAML file, or the name of a shipped one.")]
DataOption = Annotated[
    Path, typer.Option("--data", envvar="PENUMBRA_DATA", help="The folder that holds faces/.")
]
OutOption = Annotated[Path, typer.Option("--out", help="The bundle to write: a folder, or a file NAME.zip.")]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", help="Folder where an interrupted run is taken up from.")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=256, help="Cores to train on.")]


@app.callback()
def lab() -> None:
    """Keep `train` a command of its own, though it is the only one."""


@app.command()
def train(
    recipe: RecipeArgument,
    out: OutOption,
    data: DataOption = Path("../shared/data"),
    checkpoint: CheckpointOption = None,
    threads: ThreadsOption = 2,
) -> None:
    """Train a bundle by a recipe, measure it on held-out faces and write it."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    import cv2  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from privacy_lab.assemble import train_bundle  # noqa: PLC0415
    from privacy_lab.assemble_picture import train_picture_bundle  # noqa: PLC0415
    from privacy_lab.recipe import Recipe, read_any_recipe  # noqa: PLC0415

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    plan = read_any_recipe(find_recipe(recipe))
    console = Console()
    with _bar(console) as bar:
        task = bar.add_task(plan.name, total=plan.training.epochs, loss="")
        kept = _checkpoint_file(checkpoint, plan)

        def watch(now: "Progress") -> None:
            bar.update(task, completed=now.epoch, loss=f"loss {now.losses[-1]:.4f}")

        if isinstance(plan, Recipe):
            train_bundle(plan, data, out, checkpoint=kept, watch=watch)
        else:
            train_picture_bundle(plan, data, out, checkpoint=kept, watch=watch)
    show_bundle(out, console)


def require_lab() -> None:
    """Refuse to go on where the lab's extra is not installed.

    Raises:
        TorchMissing: with the command that installs it.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise TorchMissing(f"penumbra lab needs {', '.join(missing)}. Run: pip install 'penumbra[lab]'")


def find_recipe(name_or_path: str) -> Path:
    """Give the path of a shipped recipe by its name, or of any by its path.

    Raises:
        BadRecipe: neither; the text names those that ship.
    """
    known = {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}
    if name_or_path in known:
        return known[name_or_path]
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    raise BadRecipe(f"{name_or_path}: no such recipe. Shipped: {', '.join(known)}; or give a YAML file.")


def _checkpoint_file(folder: Path | None, plan: "Recipe | PictureRecipe") -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return (folder or cache / "penumbra" / "lab") / f"{plan.name}-{plan.digest}.safetensors"


def _bar(console: Console) -> progress.Progress:
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("epochs"),
        progress.TextColumn("{task.fields[loss]}"),
        progress.TimeRemainingColumn(),
        console=console,
    )
