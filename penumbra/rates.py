"""Percentiles, and sums over the last seconds; pure, with time passed in."""

import math
from collections import deque
from collections.abc import Iterable
from typing import Final, final

MAX_KEPT: Final = 4096


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed; NaN of nothing.

    Nearest rank: the answer is always one of the values, so a percentile of few values invents none.
    """
    ordered = sorted(values)
    if not ordered:
        return math.nan
    rank = math.ceil(share * len(ordered))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


@final
class Window:
    """The last `seconds` of a stream of numbers; bounded, so a flood forgets its oldest numbers first."""

    def __init__(self, seconds: float, capacity: int = MAX_KEPT) -> None:
        self._seconds = seconds
        self._kept: deque[tuple[float, float]] = deque(maxlen=capacity)

    def add(self, now: float, value: float) -> None:
        """Take one number in at time `now`, in seconds; times never run backwards."""
        self._kept.append((now, value))

    def values(self, now: float, seconds: float | None = None) -> list[float]:
        """The numbers of the window that ends at `now`, oldest first; of its last `seconds` where given."""
        while self._kept and self._kept[0][0] <= now - self._seconds:
            self._kept.popleft()
        start = now - min(seconds or self._seconds, self._seconds)
        return [value for time, value in self._kept if time > start]

    def per_second(self, now: float, since: float) -> float:
        """The sum a second over the window, or over the time since `since` where that is shorter."""
        return sum(self.values(now)) / self._span(now, since)

    def count_per_second(self, now: float, since: float) -> float:
        """How many numbers a second came in, over the same time."""
        return len(self.values(now)) / self._span(now, since)

    def _span(self, now: float, since: float) -> float:
        # Over less than a second a rate would say little; one answer is not a thousand a second.
        return max(min(self._seconds, now - since), 1.0)
