"""Who helps: the helpers that have announced themselves, and which of them failed of late."""

import time
from collections.abc import Callable
from typing import Final, final

from broker.helpers import HelperCapacity
from monitoring.logs import get_logger
from monitoring.metrics import HELPER_FAILURES, HELPERS_PRESENT

GONE: Final = "gone"
"""The reason of a helper that left: it need not rest, for it is no longer there, or has begun afresh."""
LATE: Final = "late"
"""The reason of a helper that has not answered in time, and may yet."""
MAX_HELPERS: Final = 256
FIRST_REST: Final = 2.0
LONGEST_REST: Final = 60.0


@final
class Roster:
    """Helpers by name. One that failed rests, longer each time; a new start of it begins afresh."""

    def __init__(self, on_gone: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Keep the helpers; `on_gone` hears of each that can no longer answer what it was asked."""
        self._on_gone = on_gone
        self._clock = clock
        self._present: dict[str, HelperCapacity] = {}
        self._resting: dict[str, float] = {}
        self._late: set[str] = set()
        self._rests: dict[str, float] = {}

    def announced(self, capacity: HelperCapacity) -> None:
        """Take note of what a helper says of itself; of more helpers than there may be, none is taken."""
        name = capacity.helper
        known = self._present.get(name)
        if known is not None and (capacity.state == "offline" or known.run != capacity.run):
            self._forget(name)
        if capacity.state == "online" and (name in self._present or len(self._present) < MAX_HELPERS):
            self._present[name] = capacity
        HELPERS_PRESENT.set(len(self._present))

    def told(self, name: str, why_not: str) -> None:
        """Hear of a helper that was asked: why it gave nothing, or that it did its work."""
        if not why_not:
            self._rests.pop(name, None)
            if name in self._late:  # late, and here after all
                self._late.discard(name)
                self._resting.pop(name, None)
            return
        HELPER_FAILURES.labels(name, why_not).inc()
        if why_not != GONE:
            self._rest(name, why_not)

    def _rest(self, name: str, why: str) -> None:
        rest = self._rests.get(name, FIRST_REST)
        self._rests[name] = min(2 * rest, LONGEST_REST)
        self._resting[name] = self._clock() + rest
        (self._late.add if why == LATE else self._late.discard)(name)
        get_logger().warning("helper rests", side="private", helper=name, reason=why, seconds=rest)

    @property
    def present(self) -> dict[str, HelperCapacity]:
        """All that are there, also those that rest."""
        return dict(self._present)

    @property
    def working(self) -> tuple[HelperCapacity, ...]:
        """Those that can be given work, by name."""
        now = self._clock()
        self._resting = {name: until for name, until in self._resting.items() if until > now}
        return tuple(
            capacity for name, capacity in sorted(self._present.items()) if name not in self._resting
        )

    @property
    def late(self) -> tuple[HelperCapacity, ...]:
        """Those that rest because they were late, by name: slow is better than nobody."""
        working = {capacity.helper for capacity in self.working}
        return tuple(
            capacity
            for name, capacity in sorted(self._present.items())
            if name in self._late and name not in working
        )

    def _forget(self, name: str) -> None:
        del self._present[name]
        self._resting.pop(name, None)
        self._rests.pop(name, None)
        self._late.discard(name)
        self._on_gone(name)
