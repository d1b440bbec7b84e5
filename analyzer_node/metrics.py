"""Exports what the analyzer does to Prometheus; counts refusals and losses for its status as well."""

from collections import Counter
from collections.abc import Callable
from typing import Final, final

from analyzer_node.tally import Lookup
from broker.results import Result
from monitoring.metrics import (
    BATCH_REGIONS,
    CACHE,
    CACHE_ERRORS,
    CACHE_UP,
    HOP_SECONDS,
    NETWORK_SECONDS,
    QUEUE_CAPACITY,
    QUEUE_LENGTH,
    RESULTS,
)

_NS: Final = 1e9


@final
class Metrics:
    """Fits `analyzer_node.tally.Tally`; `dropped` is what the node could not answer, by reason."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()

    def looked_up(self, outcome: Lookup, regions: int) -> None:
        """See `Tally`."""
        if regions:
            CACHE.labels(outcome).inc(regions)

    def network_ran(self, regions: int, seconds: float) -> None:
        """See `Tally`."""
        BATCH_REGIONS.observe(regions)
        NETWORK_SECONDS.observe(seconds)

    def answered(self, result: Result) -> None:
        """See `Tally`."""
        HOP_SECONDS.labels("analyzer").observe((result.answered_ns - result.received_ns) / _NS)
        # By two clocks: where they disagree the edge's estimate of the offset says so, not this hop.
        HOP_SECONDS.labels("edge_to_analyzer").observe(max(0.0, (result.received_ns - result.sent_ns) / _NS))
        RESULTS.labels(result.refused or "answered").inc()
        if result.refused:
            self.dropped[result.refused] += 1

    def lost(self, reason: str) -> None:
        """See `Tally`."""
        RESULTS.labels(reason).inc()
        self.dropped[reason] += 1

    def store_failed(self, reason: str) -> None:
        """See `Tally`."""
        CACHE_ERRORS.labels(reason).inc()


def export_gauges(waiting: Callable[[], int], capacity: int, store_up: Callable[[], bool]) -> None:
    """Let Prometheus read how long the queue is, how long it may be, and whether the store is used."""
    QUEUE_LENGTH.labels("analyzer").set_function(waiting)
    QUEUE_CAPACITY.labels("analyzer").set(capacity)
    CACHE_UP.set_function(store_up)
