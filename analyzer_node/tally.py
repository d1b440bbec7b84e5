"""What the cloud side tells about its work; metrics in production, plain counters in tests."""

from collections import Counter
from typing import Protocol, final


class Tally(Protocol):
    """Is told what happens, for metrics; must not block and learns no payload."""

    def batch(self, regions: int, hits: int, seconds: float) -> None:
        """A batch of `regions` was answered in `seconds`, `hits` of them from the store."""

    def answered(self, hops: dict[str, float]) -> None:
        """A result is home-bound; seconds by hop, where a negative one shows clocks that disagree."""

    def refused(self, reason: str) -> None:
        """A message was answered with a refusal."""

    def lost(self, reason: str) -> None:
        """A result could not be sent, or features were not let in."""

    def store_failed(self, reason: str) -> None:
        """The store was away, or a value in it was damaged or refused."""


@final
class Counts:
    """A tally that only counts, by kind and reason."""

    def __init__(self) -> None:
        self.batches = 0
        self.regions = 0
        self.hits = 0
        self.results = 0
        self.refusals: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.store: Counter[str] = Counter()

    def batch(self, regions: int, hits: int, seconds: float) -> None:  # noqa: ARG002
        """See `Tally`."""
        self.batches += 1
        self.regions += regions
        self.hits += hits

    def answered(self, hops: dict[str, float]) -> None:  # noqa: ARG002
        """See `Tally`."""
        self.results += 1

    def refused(self, reason: str) -> None:
        """See `Tally`."""
        self.refusals[reason] += 1

    def lost(self, reason: str) -> None:
        """See `Tally`."""
        self.losses[reason] += 1

    def store_failed(self, reason: str) -> None:
        """See `Tally`."""
        self.store[reason] += 1
