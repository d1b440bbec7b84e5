"""The flags that the lab's commands share, and what they tell torch."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.console import Console

from penumbra.saying import say

if TYPE_CHECKING:
    import torch

DeviceName = Literal["auto", "cpu", "cuda"]
BudgetName = Literal["auto", "brief", "full"]

BundleArgument = Annotated[str, typer.Argument(help="A shipped bundle's name, or a folder or zip.")]
DataOption = Annotated[
    Path, typer.Option("--data", envvar="PENUMBRA_DATA", help="The folder that holds the data sets.")
]
PicturesOption = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="PENUMBRA_DATA",
        help="The folder of the recipe's data sets, or of your own pictures.",
    ),
]
OwnOption = Annotated[
    bool, typer.Option("--own", help="The folder holds your own pictures: LABEL/PERSON/, LABEL/ or PERSON/.")
]
RecipeOption = Annotated[
    str | None, typer.Option("--recipe", help="Whose data sets to use, if not the bundle's own recipe's.")
]
BudgetOption = Annotated[BudgetName, typer.Option("--budget", help="auto: full where there is a GPU.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")]
DeviceOption = Annotated[DeviceName, typer.Option("--device", help="auto: a GPU where there is one.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=256, help="Cores to compute on.")]

DATA: Final = Path("../shared/data")
THREADS: Final = 2


def device_for(doing: str, device: DeviceName, threads: int, console: Console) -> "torch.device":
    """Choose where to compute, say so to people, and keep to so many cores.

    Raises:
        LabError: A GPU was asked for by name, and there is none.
    """
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    import cv2  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from privacy_lab.devices import choose_device  # noqa: PLC0415

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    chosen, remark = choose_device(device, doing)
    say(console, remark)
    return chosen


def budget_for(device: "torch.device", budget: BudgetName) -> Literal["brief", "full"]:
    """Give how much effort is meant: on a CPU, `auto` is the brief one."""
    if budget != "auto":
        return budget
    return "brief" if device.type == "cpu" else "full"


def kept_in(folder: Path | None, kind: str) -> Path:
    """Give where finished work is kept: `folder`, else one for its kind in this user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return folder or cache / "penumbra" / kind
