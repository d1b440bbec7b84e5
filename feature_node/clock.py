"""How far another host's clock is ahead of this one's, from the times on messages there and back."""

from collections import deque
from typing import Final, final

SAMPLES: Final = 64


@final
class ClockOffset:
    """The estimate of NTP (RFC 5905, section 8) with its filter: the quickest of the last exchanges counts.

    A queue on one way makes an exchange slow, and only such an asymmetry falsifies it.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=SAMPLES)

    def add(self, sent_ns: int, received_ns: int, answered_ns: int, home_ns: int) -> None:
        """Take in an exchange: sent and home by this clock, received and answered by the other."""
        travel = (home_ns - sent_ns) - (answered_ns - received_ns)
        offset = ((received_ns - sent_ns) + (answered_ns - home_ns)) // 2
        if travel >= 0:
            self._samples.append((travel, offset))

    @property
    def seconds(self) -> float | None:
        """How far the other clock is ahead; None before the first exchange."""
        return min(self._samples)[1] / 1e9 if self._samples else None
