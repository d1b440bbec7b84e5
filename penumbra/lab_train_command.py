"""`penumbra lab train`: from a recipe and a folder of data to a measured bundle."""

import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, final

import typer
from rich import progress
from rich.console import Console

from models.manifest import Embedding
from penumbra import lab_options as o
from penumbra.bundle_commands import show_bundle
from penumbra.lab_needs import find_recipe, require_lab
from penumbra.units import bytes_text
from privacy_lab.errors import BadRecipe

if TYPE_CHECKING:
    import torch

    from privacy_lab.checkpoints import Progress
    from privacy_lab.recipe import PictureRecipe, Recipe

RecipeArgument = Annotated[str, typer.Argument(help="A recipe's YAML file, or the name of a shipped one.")]
OutOption = Annotated[Path, typer.Option("--out", help="The bundle to write: a folder, or a file NAME.zip.")]
EmbeddingOption = Annotated[
    Embedding | None,
    typer.Option("--embedding", help="Another embedding than the recipe's."),
]
SplitOption = Annotated[str | None, typer.Option("--split", help="Cut behind another layer.")]
CheckpointOption = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="Folder of finished and interrupted stages, taken up from there."),
]

_KIBIBYTE: Final = 1024
_WHOLE_BYTES: Final = sys.platform == "darwin"


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(train)


def train(
    recipe: RecipeArgument,
    out: OutOption,
    *,
    data: o.DataOption = o.DATA,
    embedding: EmbeddingOption = None,
    split: SplitOption = None,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
    checkpoint: CheckpointOption = None,
) -> None:
    """Train a bundle by a recipe, measure it on what it never saw, and write it."""
    require_lab()
    plan, console, started = _planned(recipe, embedding, split), Console(), time.monotonic()
    chosen = o.device_for("training", device, threads, console)
    with _bar(console) as bar:
        _run(plan, data, out, o.kept_in(checkpoint, "lab"), device=chosen, watch=_Stages(bar))
    show_bundle(out, console)
    console.print(_spent(time.monotonic() - started, chosen), highlight=False)


def _planned(recipe: str, embedding: Embedding | None, split: str | None) -> "Recipe | PictureRecipe":
    from privacy_lab.recipe import Recipe, read_any_recipe  # noqa: PLC0415 - not for `penumbra --help`

    plan = read_any_recipe(find_recipe(recipe))
    if isinstance(plan, Recipe):
        return plan.changed(embedding=embedding, split=split)
    if embedding or split:
        raise BadRecipe(f"{plan.name}: is a picture's recipe: it has no --embedding and no --split")
    return plan


def _run(
    plan: "Recipe | PictureRecipe",
    data: Path,
    out: Path,
    folder: Path,
    *,
    device: "torch.device",
    watch: "_Stages",
) -> None:
    from privacy_lab.assemble import train_bundle  # noqa: PLC0415 - imports torch
    from privacy_lab.assemble_picture import train_picture_bundle  # noqa: PLC0415 - imports torch
    from privacy_lab.recipe import Recipe  # noqa: PLC0415

    if isinstance(plan, Recipe):
        train_bundle(plan, data, out, checkpoints=folder, device=device, watch=watch)
        return
    kept, name, epochs = folder / f"{plan.name}-{plan.digest}.safetensors", plan.name, plan.training.epochs
    train_picture_bundle(plan, data, out, checkpoint=kept, watch=lambda now: watch(name, epochs, now))


@final
class _Stages:
    """One progress bar a stage, added when the stage is first heard of."""

    def __init__(self, bar: progress.Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, progress.TaskID] = {}

    def __call__(self, stage: str, epochs: int, now: "Progress") -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=epochs, loss="")
        self._bar.update(self._tasks[stage], completed=now.epoch, loss=f"loss {now.losses[-1]:.4f}")


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


def _spent(seconds: float, device: "torch.device") -> str:
    import torch  # noqa: PLC0415 - long since loaded

    # The kernel counts in KiB, but for one that counts in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if _WHOLE_BYTES else _KIBIBYTE)
    text = f"took {seconds // 60:.0f} min {seconds % 60:.0f} s, at most {bytes_text(peak)} of memory"
    if device.type == "cuda":
        text += f" and {bytes_text(torch.cuda.max_memory_allocated())} of the GPU's"
    return text
