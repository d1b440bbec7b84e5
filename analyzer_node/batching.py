"""Gathers messages of all streams into batches, without making a lone message wait."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
class Batcher(Generic[T]):
    """A bounded queue that is emptied by batches.

    A batch is whatever waits when it is taken, up to `max_weight`; while one is worked on the next gathers by
    itself. Only where the batch before had several messages, so that more are likely on their way, does a
    batch that is not full wait up to `linger` seconds for them.

    Args:
        weigh: the weight of a message, at least 1.
        max_weight: the most a batch weighs, except for one message that alone weighs more.
        capacity: how many messages may wait; `put` waits beyond that.
        linger: seconds that a batch may wait for company.
    """

    def __init__(self, weigh: Callable[[T], int], *, max_weight: int, capacity: int, linger: float) -> None:
        self._weigh = weigh
        self._max_weight = max_weight
        self.capacity = capacity
        self._linger = linger
        self._waiting: deque[T] = deque()
        self._weight = 0
        self._changed = asyncio.Condition()
        self._closed = False
        self._crowded = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def put(self, message: T) -> None:
        """Queue a message; waits while the queue is full, unless it is closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._waiting) < self.capacity or self._closed)
            self._waiting.append(message)
            self._weight += self._weigh(message)
            self._changed.notify_all()

    async def close(self) -> None:
        """Let `take` come to an end once the queue is empty."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def take(self) -> list[T]:
        """Take the next batch in order of arrival; an empty one says that all is over."""
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            if self._crowded:
                await self._gather()
            batch = self._take_up_to_weight()
            self._crowded = len(batch) > 1
            self._changed.notify_all()
            return batch

    async def _gather(self) -> None:
        try:
            async with asyncio.timeout(self._linger):
                await self._changed.wait_for(lambda: self._weight >= self._max_weight or self._closed)
        except TimeoutError:
            return

    def _take_up_to_weight(self) -> list[T]:
        batch: list[T] = []
        weight = 0
        while self._waiting:
            weight += self._weigh(self._waiting[0])
            if batch and weight > self._max_weight:
                break
            batch.append(self._waiting.popleft())
        self._weight -= sum(map(self._weigh, batch))
        return batch
