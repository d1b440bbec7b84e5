"""Where received messages wait, bounded, for the one who reads them; the `Subscriber` of a link."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Generic, final

from broker.ends import Delivery
from broker.errors import BadMessage
from broker.topic import AnyTopic, R
from broker.transport import Incoming


@final
class Mailbox(Generic[R]):
    """A bounded queue of one topic's messages.

    What cannot be decoded, or comes on a topic that names somebody else, is refused and counted. When the
    queue is full the oldest message makes room, is counted as `queue-full` and acknowledged; with
    ReceiveMaximum and a reader that acknowledges late the broker holds back before that happens.
    """

    def __init__(
        self,
        topic: AnyTopic,
        only: str | None,
        group: str | None,
        capacity: int,
        on_refused: Callable[[AnyTopic, str], None],
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a mailbox holds at least one message, not {capacity}")
        self.topic = topic
        self.group = group
        self._only = only
        self._capacity = capacity
        self._on_refused = on_refused
        self._refused: Counter[str] = Counter()
        self._waiting: deque[Delivery[R]] = deque()
        self._news = asyncio.Event()
        self._closed = False

    @property
    def filter(self) -> str:
        """The MQTT filter to subscribe to."""
        return self.topic.path(self._only) if self._only else self.topic.filter

    @property
    def refused(self) -> Mapping[str, int]:
        """Messages that were not let in, counted by reason."""
        return self._refused

    def __len__(self) -> int:
        return len(self._waiting)

    def overlaps(self, other: "Mailbox[R]") -> bool:
        """Say whether both would receive the same message."""
        same_row = self.topic.pattern == other.topic.pattern
        return same_row and (self._only is None or other._only is None or self._only == other._only)

    def accepts(self, path: str) -> bool:
        """Say whether a message on this topic is for this mailbox."""
        topic_id = self.topic.id_of(path)
        return topic_id is not None and self._only in (None, topic_id)

    def take(self, incoming: Incoming) -> None:
        """Decode and queue a message, or refuse it."""
        try:
            message = self.topic.decode(incoming.data)
            if self.topic.id_read(message) != self.topic.id_of(incoming.path):
                raise BadMessage("wrong-topic", "names another id than the topic it came on")
        except BadMessage as error:
            self._refuse(error.reason)
            incoming.acknowledge()
            return
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft().done()
            self._refuse("queue-full")
        self._waiting.append(Delivery(message, len(incoming.data), incoming.acknowledge))
        self._news.set()

    def close(self) -> None:
        """End the iteration once what waits has been read."""
        self._closed = True
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Delivery[R]]:
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._closed:
                return
            self._news.clear()
            await self._news.wait()

    def _refuse(self, reason: str) -> None:
        self._refused[reason] += 1
        self._on_refused(self.topic, reason)
