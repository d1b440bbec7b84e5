"""What the cloud side tells about its work; metrics in production, plain counters in tests."""

from collections import Counter
from typing import Literal, Protocol, final

from broker.results import Result

Lookup = Literal["hit", "miss", "skipped"]


class Tally(Protocol):
    """Is told what happens; must not block and learns no payload."""

    def looked_up(self, outcome: Lookup, regions: int) -> None:
        """So many regions were found in the store, were not, or were not looked up as it is away."""

    def network_ran(self, regions: int, seconds: float) -> None:
        """A network answered so many regions in `seconds`."""

    def answered(self, result: Result) -> None:
        """A result went home; it may be a refusal."""

    def lost(self, reason: str) -> None:
        """A result could not be sent."""

    def store_failed(self, reason: str) -> None:
        """The store was away, or a value in it was damaged or refused."""


@final
class Counts:
    """A tally that only counts."""

    def __init__(self) -> None:
        self.lookups: Counter[str] = Counter()
        self.network_runs = 0
        self.results = 0
        self.refusals: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.store: Counter[str] = Counter()

    def looked_up(self, outcome: Lookup, regions: int) -> None:
        """See `Tally`."""
        self.lookups[outcome] += regions

    def network_ran(self, regions: int, seconds: float) -> None:  # noqa: ARG002
        """See `Tally`."""
        self.network_runs += 1

    def answered(self, result: Result) -> None:
        """See `Tally`."""
        self.results += 1
        if result.refused:
            self.refusals[result.refused] += 1

    def lost(self, reason: str) -> None:
        """See `Tally`."""
        self.losses[reason] += 1

    def store_failed(self, reason: str) -> None:
        """See `Tally`."""
        self.store[reason] += 1
