"""How much a second: sums over the last seconds, in bounded memory."""

from collections import deque
from typing import Final, NamedTuple, final

SECONDS: Final = 3.0
MOST: Final = 1024
_SHORTEST: Final = 0.5


class Rate(NamedTuple):
    """Of one camera, each a second: frames answered; bytes that left, that JPEG would be, that came in."""

    frames: float = 0.0
    sent: float = 0.0
    as_jpeg: float = 0.0
    home: float = 0.0


@final
class Rates:
    """What was counted within the last `SECONDS`; at most `MOST` frames are remembered."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._counted: deque[tuple[float, int, int, int]] = deque(maxlen=MOST)

    def add(self, now: float, sent: int, as_jpeg: int, home: int) -> None:
        """Count one frame and its bytes."""
        self._counted.append((now, sent, as_jpeg, home))

    def at(self, now: float) -> Rate:
        """Give the rates at this time: of what was seen since watching began, if that was later."""
        while self._counted and self._counted[0][0] <= now - SECONDS:
            self._counted.popleft()
        full = len(self._counted) == MOST
        since = self._counted[0][0] if full else max(self._began, now - SECONDS)
        seconds = max(_SHORTEST, now - since)
        sent, as_jpeg, home = (sum(row[column] for row in self._counted) / seconds for column in (1, 2, 3))
        return Rate(len(self._counted) / seconds, sent, as_jpeg, home)
