"""Typed ends: holding one is the right to send or to receive one message type on one side."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar, final

from broker.topic import R, S, Topic, W

T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


@final
class Delivery(Generic[T_co]):
    """A received message, and the duty to say when it has been dealt with.

    Attributes:
        size: Its bytes on the wire.
        received_ns: When it arrived, Unix time in nanoseconds.
    """

    __slots__ = ("_acknowledge", "_message", "received_ns", "size")

    def __init__(
        self, message: T_co, size: int, acknowledge: Callable[[], None] | None = None, received_ns: int = 0
    ) -> None:
        self._message = message
        self.size = size
        self.received_ns = received_ns or time.time_ns()
        self._acknowledge = acknowledge

    @property
    def message(self) -> T_co:
        """What was received."""
        return self._message

    def done(self) -> None:
        """Tell the broker that this need not be delivered again; safe to call twice."""
        acknowledge, self._acknowledge = self._acknowledge, None
        if acknowledge is not None:
            acknowledge()


class Publisher(Protocol[T_contra]):
    """The right to send one message type on one side."""

    async def send(self, message: T_contra, /) -> int:
        """Send a message and return its bytes on the wire once the broker has taken it.

        Raises:
            Undelivered: The broker did not take it in time; it may or may not have arrived.
            TooLarge: The broker takes no message of that size.
        """
        ...


class Subscriber(Protocol[T_co]):
    """The right to receive one message type on one side; bounded.

    Iterating ends when the connection is closed. A message that is not acknowledged with
    `Delivery.done` may be delivered again.
    """

    @property
    def refused(self) -> Mapping[str, int]:
        """Messages that were not let in, counted by reason."""
        ...

    def __aiter__(self) -> AsyncIterator[Delivery[T_co]]: ...


class Connection(Protocol[S]):
    """A live link to the broker of one side."""

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted this connection and it stands."""
        ...

    @property
    def detail(self) -> str:
        """How the link is, in words for a person."""
        ...

    async def wait_connected(self, timeout: float) -> None:
        """Wait until the link stands.

        Raises:
            Unreachable: It does not within `timeout` seconds.
        """
        ...

    def publisher(self, topic: Topic[S, W, Any]) -> Publisher[W]:
        """Hand out the right to send on a topic."""
        ...

    def subscriber(
        self,
        topic: Topic[S, Any, R],
        *,
        only: str | None = None,
        group: str | None = None,
        capacity: int = 16,
    ) -> Subscriber[R]:
        """Hand out the right to receive a topic.

        Args:
            topic: The row of the topic table.
            only: Receive this one id instead of all.
            group: Share the messages with the other members of the group, where the broker can.
            capacity: How many messages may wait here undealt with.
        """
        ...
