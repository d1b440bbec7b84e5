"""Hands out maps and takes partial outputs back; whatever does not fit what was asked is never used."""

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple, final

import numpy as np

from broker.ends import Publisher, Subscriber
from broker.errors import LinkError
from broker.helpers import DIGEST_BYTES, HelperPartial, HelperWeights, HelperWork
from feature_node.distributed.roster import GONE, LATE
from feature_node.distributed.segment import Floats, array_of, work_for
from feature_node.errors import HelperFailed
from monitoring.metrics import (
    HELPER_RECEIVED_BYTES,
    HELPER_REFUSED,
    HELPER_SECONDS,
    HELPER_SENT_BYTES,
)

WRONG: Final = "wrong-answer"
UNSENT: Final = "not-sent"

PING_SECONDS: Final = 0.5
_NO_WEIGHTS: Final = bytes(DIGEST_BYTES)

Shape = tuple[int, int, int, int]


class _Asked(NamedTuple):
    helper: str
    digest: bytes
    shapes: tuple[Shape, ...]
    answer: "asyncio.Future[tuple[Floats, ...]]"


@final
class Exchange:
    """The source's end of the wire to its helpers. Bounded by those who ask: each waits for its answer."""

    def __init__(self, weights: Publisher[HelperWeights], work: Publisher[HelperWork]) -> None:
        self._weights = weights
        self._work = work
        self._run: Final = secrets.randbits(53)
        self._task = 0
        self._asked: dict[int, _Asked] = {}
        self._kept: dict[str, set[bytes]] = {}
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.seconds: dict[str, float] = {}

    async def ask(
        self, weights: HelperWeights, maps: Floats, shapes: Iterable[Shape], timeout: float
    ) -> tuple[Floats, ...]:
        """Let a helper put maps, float32 [n, maps, rows, columns], through its slice of weights.

        Returns:
            One partial output a convolution, float32 of the `shapes`, every number finite.

        Raises:
            HelperFailed: It is late or gone, refused, or answered something else.
        """
        began = time.perf_counter()
        expected = tuple(shapes)
        try:
            async with asyncio.timeout(timeout):
                answer = await self._ask(weights, maps, expected)
        except TimeoutError:
            raise HelperFailed(LATE) from None
        except LinkError:
            raise HelperFailed(UNSENT) from None
        seconds = time.perf_counter() - began
        self.seconds[weights.helper] = seconds
        HELPER_SECONDS.labels(weights.helper).observe(seconds)
        return answer

    async def give(self, weights: HelperWeights) -> None:
        """Give a helper a slice unless it has it; where that fails, it is given with its first work."""
        with contextlib.suppress(LinkError):
            await self._give_once(weights)

    async def ping(self, helper: str) -> None:
        """Send work of one number for weights that nobody has, and return when it was refused.

        Raises:
            HelperFailed: It is late or gone.
        """
        work = HelperWork(helper, self._run, self._next_task(), _NO_WEIGHTS, (1, 1, 1, 1), bytes(4))
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self._answered(work, ())
        except TimeoutError:
            raise HelperFailed(LATE) from None
        except LinkError:
            raise HelperFailed(UNSENT) from None

    async def receive(self, partials: Subscriber[HelperPartial]) -> None:
        """Take answers for ever."""
        async for delivery in partials:
            delivery.done()
            self.received[delivery.message.helper] += delivery.size
            HELPER_RECEIVED_BYTES.labels(delivery.message.helper).inc(delivery.size)
            self._take(delivery.message)

    def gone(self, helper: str) -> None:
        """A helper can answer no more, and its weights are gone with it."""
        self._kept.pop(helper, None)
        for asked in self._asked.values():
            if asked.helper == helper and not asked.answer.done():
                asked.answer.set_exception(HelperFailed(GONE))

    async def _ask(
        self, weights: HelperWeights, maps: Floats, shapes: tuple[Shape, ...]
    ) -> tuple[Floats, ...]:
        await self._give_once(weights)
        try:
            return await self._once(weights, maps, shapes)
        except HelperFailed as failed:
            if failed.reason != "no-weights":
                raise
        # It has dropped them for others, or they were lost: once more, with the weights.
        await self._give(weights)
        return await self._once(weights, maps, shapes)

    async def _give_once(self, weights: HelperWeights) -> None:
        if weights.digest not in self._kept.get(weights.helper, set()):
            await self._give(weights)

    async def _give(self, weights: HelperWeights) -> None:
        size = await self._weights.send(weights)
        self._count_sent(weights.helper, size)
        self._kept.setdefault(weights.helper, set()).add(weights.digest)

    async def _once(
        self, weights: HelperWeights, maps: Floats, shapes: tuple[Shape, ...]
    ) -> tuple[Floats, ...]:
        work = work_for(weights, maps, run=self._run, task=self._next_task())
        return await self._answered(work, shapes)

    def _next_task(self) -> int:
        self._task += 1
        return self._task

    async def _answered(self, work: HelperWork, shapes: tuple[Shape, ...]) -> tuple[Floats, ...]:
        answer: asyncio.Future[tuple[Floats, ...]] = asyncio.get_running_loop().create_future()
        self._asked[work.task] = _Asked(work.helper, work.digest, shapes, answer)
        try:
            size = await self._work.send(work)
            self._count_sent(work.helper, size)
            return await answer
        finally:
            del self._asked[work.task]
            if answer.done() and not answer.cancelled():
                answer.exception()  # looked at, also where sending failed first

    def _count_sent(self, helper: str, size: int) -> None:
        self.sent[helper] += size
        HELPER_SENT_BYTES.labels(helper).inc(size)

    def _take(self, partial: HelperPartial) -> None:
        asked = self._asked.get(partial.task) if partial.run == self._run else None
        if asked is None or asked.answer.done():
            self._refuse("unexpected")
        elif asked.helper != partial.helper:
            # Whoever guesses a task's number must not be able to spoil another helper's.
            self._refuse("foreign")
        elif not asked.shapes and partial.refused:
            asked.answer.set_result(())  # a ping is answered by its refusal
        elif partial.refused:
            self._refuse(partial.refused)
            asked.answer.set_exception(HelperFailed(partial.refused))
        elif not _fits(asked, partial):
            self._refuse(WRONG)
            asked.answer.set_exception(HelperFailed(WRONG))
        else:
            asked.answer.set_result(tuple(array_of(part) for part in partial.sums))

    def _refuse(self, reason: str) -> None:
        self.refused[reason] += 1
        HELPER_REFUSED.labels(reason).inc()


def _fits(asked: _Asked, partial: HelperPartial) -> bool:
    """Whether these are the weights and shapes that were asked for, and numbers."""
    shapes = tuple(part.shape for part in partial.sums)
    if partial.digest != asked.digest or shapes != asked.shapes:
        return False
    return all(bool(np.isfinite(array_of(part)).all()) for part in partial.sums)
