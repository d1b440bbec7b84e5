"""How a node is known to be there."""

from collections.abc import Callable
from typing import Any, Generic, final

from broker.topic import AnyTopic, S, Topic, W
from broker.transport import LastWill


@final
class Presence(Generic[S, W]):
    """How a node is known to be there: one retained message by will, another on every connect."""

    def __init__(
        self,
        topic: Topic[S, W, Any],
        offline: W,
        online: Callable[[], W],
        farewell: Callable[[], W] | None = None,
    ) -> None:
        """Keep `offline` for the will, and make what to say now with `online`, on leaving with `farewell`.

        Without a `farewell` a node that leaves says `offline` too.
        """
        path = topic.path(topic.id_written(offline))
        self.will = LastWill(path, topic.encode(offline))
        self.topic: AnyTopic = topic
        self._online = online
        self._farewell = farewell

    def last_words(self) -> bytes:
        """Encode what stays true once the node has left in good order."""
        return self.will.data if self._farewell is None else self.topic.encode(self._farewell())

    def now(self) -> bytes:
        """Encode what is true at this moment."""
        return self.topic.encode(self._online())
