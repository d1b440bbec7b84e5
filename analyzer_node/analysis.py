"""The one step that thinks: a batch of features becomes a batch of results, through store and networks."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from analyzer_node.guarded_store import GuardedStore
from analyzer_node.jobs import (
    Job,
    asked_keys,
    close_job,
    fill_from_network,
    fill_from_store,
    missing_payloads,
    open_job,
)
from analyzer_node.networks import Network, NetworkThread, Outcome
from analyzer_node.tally import Tally
from broker.ends import Delivery
from broker.features import Features
from broker.results import RegionAnswer, Result
from monitoring.traces import NO_TRACES, Span, Traces


@final
@dataclass(frozen=True)
class Answered:
    """A batch's results and their spans, in the deliveries' order; answers worth remembering, by key."""

    results: tuple[Result, ...]
    fresh: Mapping[str, RegionAnswer]
    spans: tuple[Span, ...]


@final
class Analysis:
    """Answers features: from the store where it knows, else by the network of their bundle.

    Args:
        networks: the loaded analyzers by bundle id.
        thread: runs them.
        store: remembers; may be down.
        tally: is told.
        now_ns: Unix time in nanoseconds.
        traces: begins a span for each message.
    """

    def __init__(
        self,
        networks: Mapping[str, Network],
        thread: NetworkThread,
        store: GuardedStore,
        tally: Tally,
        now_ns: Callable[[], int] = time.time_ns,
        *,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._networks = networks
        self._thread = thread
        self._store = store
        self._tally = tally
        self._now_ns = now_ns
        self._traces = traces

    async def answer(self, batch: Sequence[Delivery[Features]]) -> Answered:
        """Give exactly one result a delivery, in their order: answers, or a refusal with its reason."""
        jobs = [open_job(d.message, self._networks, self._span(d, len(batch))) for d in batch]
        opened_ns = self._now_ns()
        await self._look_up(jobs)
        looked_ns = self._now_ns()
        fresh = await self._ask_networks(jobs)
        answered_ns = self._now_ns()
        for job, delivery in zip(jobs, batch, strict=True):
            job.span.past("queue", delivery.received_ns, opened_ns)
            job.span.past("cache", opened_ns, looked_ns, hits=len(job.cached))
            if not job.cached.issuperset(job.keys):
                job.span.past("network", looked_ns, answered_ns)
        pairs = zip(jobs, batch, strict=True)
        results = [close_job(job, received_ns=d.received_ns, answered_ns=answered_ns) for job, d in pairs]
        return Answered(tuple(results), fresh, tuple(job.span for job in jobs))

    def _span(self, delivery: Delivery[Features], batch: int) -> Span:
        asked, received_ns = delivery.message, delivery.received_ns
        return self._traces.begin(
            "analyze",
            parent=asked.traceparent,
            start_ns=received_ns,
            kind="consumer",
            bundle=asked.bundle,
            regions=len(asked.regions),
            batch=batch,
        )

    async def _look_up(self, jobs: Sequence[Job]) -> None:
        keys = asked_keys(jobs)
        answers = await self._store.look_up(keys)
        found = {key: answer for key, answer in zip(keys, answers, strict=True) if answer is not None}
        fill_from_store(jobs, found, self._networks)
        hits = sum(len(job.cached) for job in jobs)
        unknown = sum(len(set(job.keys)) for job in jobs) - hits
        self._tally.looked_up("hit", hits)
        self._tally.looked_up("skipped" if self._store.down else "miss", unknown)

    async def _ask_networks(self, jobs: Sequence[Job]) -> dict[str, RegionAnswer]:
        outcomes: dict[str, Outcome] = {}
        for bundle, payloads in missing_payloads(jobs).items():
            outcomes.update(await self._thread.solve(self._networks[bundle], payloads))
        fill_from_network(jobs, outcomes)
        return {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, RegionAnswer)}
