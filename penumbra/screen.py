"""Where a run is shown: a live table in a terminal, occasional lines anywhere else."""

import dataclasses
import math
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self, final

from rich.console import Console
from rich.live import Live

from penumbra.live_table import Surroundings, left_line, live_view, plain_line
from penumbra.tally import CameraRow

REDRAW_SECONDS: Final = 0.25
LINE_SECONDS: Final = 5.0
KEPT_NOTES: Final = 4
NOTE_SECONDS: Final = 30.0
NEWS_SECONDS: Final = 3.0


class Screen(Protocol):
    """Shows the cameras as they stand, and what happens beside them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, rows: list[CameraRow], around: Surroundings) -> None:
        """Show the cameras; called a few times a second."""
        ...

    def note(self, text: str) -> None:
        """Tell of something that happened."""
        ...


@final
class TerminalScreen:
    """A table that redraws itself; notes stand under it for a while."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._notes: deque[tuple[float, str]] = deque(maxlen=KEPT_NOTES)
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="visible")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, rows: list[CameraRow], around: Surroundings) -> None:
        """See `Screen`."""
        recent = [text for time, text in self._notes if self._clock() - time < NOTE_SECONDS]
        shown = dataclasses.replace(around, notes=(*around.notes, *recent))
        self._live.update(live_view(rows, shown, self._console.width), refresh=True)

    def note(self, text: str) -> None:
        """See `Screen`."""
        self._notes.append((self._clock(), text))


@final
class LineScreen:
    """Lines: the header once, notes at once, each camera every few seconds."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._header = ""
        self._next = 0.0
        self._standing: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, rows: list[CameraRow], around: Surroundings) -> None:
        """See `Screen`."""
        if around.header != self._header:
            self._header = around.header
            self._say(around.header)
            if around.page:
                self._say(around.page_line)
            self._next = self._clock() + LINE_SECONDS
        self._note_what_lasts(around.notes)
        if self._clock() >= self._next:
            self._next = self._clock() + LINE_SECONDS
            for row in rows:
                self._say(plain_line(row))
            for line in (left_line(rows, around.sends), *around.about):
                self._say(line)

    def note(self, text: str) -> None:
        """See `Screen`."""
        self._say(f"! {text}")

    def _note_what_lasts(self, notes: tuple[str, ...]) -> None:
        """Tell once of what has been wrong for a while: parts that still start up are no news."""
        now = self._clock()
        self._standing = {text: self._standing.get(text, now) for text in notes}
        for text, since in self._standing.items():
            if now - since >= NEWS_SECONDS:
                self.note(text)
                self._standing[text] = math.inf
