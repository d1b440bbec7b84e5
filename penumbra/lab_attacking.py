"""What the commands that judge a bundle by attacking it share: flags, and a bar."""

from pathlib import Path
from types import TracebackType
from typing import Annotated, Final, Self, final

import typer
from rich import progress
from rich.console import Console

SeedsOption = Annotated[int, typer.Option("--seeds", min=1, max=100, help="Whole batteries of attacks.")]
ImagesOption = Annotated[
    int, typer.Option("--images", min=1, max=100_000, help="Most pictures whose reconstruction is scored.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where finished attacks are kept; an interrupted run goes on.")
]

SEEDS: Final = 3
IMAGES: Final = 128
_DONE: Final = 1.0


@final
class AttackBar:
    """Shows which attack is made and how far it is; used as `with`."""

    def __init__(self, console: Console) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TimeElapsedColumn(),
            console=console,
        )
        self._now = self._bar.add_task("reading pictures", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def attack(self, attack: str, seed: int, share: float) -> None:
        """See `privacy_lab.battery.run.WatchAll`."""
        self._bar.update(self._now, description=f"{attack}, seed {seed}", completed=share, total=_DONE)

    def costs(self, done: int, of: int) -> None:
        """See `privacy_lab.certify.edge_cost.Watch`."""
        self._bar.update(self._now, description="the edge's cost", completed=done, total=of)
