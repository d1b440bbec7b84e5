"""Brings results home and only then acknowledges what was asked: at least once."""

import asyncio
from collections.abc import Sequence
from typing import Final, final

from analyzer_node.analysis import Answered
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.tally import Tally
from broker.ends import Delivery, Publisher
from broker.errors import LinkError
from broker.features import Features
from broker.results import Result
from monitoring.traces import Span

BATCHES_UNDERWAY: Final = 4


@final
class Homeward:
    """Sends, acknowledges and remembers batches, a few at a time, while the next one is worked on.

    Use as `async with`: leaving waits until the last batch is home.

    Args:
        results: where results are sent.
        store: where answers and results are remembered.
        tally: is told.
    """

    def __init__(self, results: Publisher[Result], store: GuardedStore, tally: Tally) -> None:
        self._results = results
        self._store = store
        self._tally = tally
        self._places = asyncio.Semaphore(BATCHES_UNDERWAY)
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> "Homeward":
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._tasks.__aexit__(*exception)  # type: ignore[arg-type]

    async def bring(self, batch: Sequence[Delivery[Features]], answered: Answered) -> None:
        """Begin to bring a batch home; waits while `BATCHES_UNDERWAY` are on their way."""
        await self._places.acquire()
        task = self._tasks.create_task(self._bring(batch, answered), name="bring results home")
        task.add_done_callback(lambda _: self._places.release())

    async def _bring(self, batch: Sequence[Delivery[Features]], answered: Answered) -> None:
        each = zip(batch, answered.results, answered.spans, strict=True)
        await asyncio.gather(*(self._send(*one) for one in each))
        kept = [result for result in answered.results if not result.refused]
        await self._store.remember(answered.fresh, kept)

    async def _send(self, delivery: Delivery[Features], result: Result, span: Span) -> None:
        try:
            with span.around("send"):
                await self._results.send(result)
        except LinkError as error:
            lost = type(error).__name__.lower()
            self._tally.lost(lost)
            span.end(lost, failed=True)
        else:
            self._tally.answered(result)
            span.end(_outcome(result), failed=bool(result.refused), cached=result.cached)
        # A result that cannot be sent is asked for again by the edge's source; left unacknowledged it would
        # take one of the places that ReceiveMaximum gives this node, for as long as the session lasts.
        delivery.done()


def _outcome(result: Result) -> str:
    if result.refused:
        return result.refused
    return "cached" if 0 < len(result.regions) == result.cached else "answered"
