"""What a link needs of a message transport: MQTT in production, memory in unit tests."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it arrived; `acknowledge` tells the broker that it need not come again."""

    path: str
    data: bytes
    acknowledge: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker publishes, retained, when this client is gone without a word."""

    path: str
    data: bytes


class Session(Protocol):
    """One connection, from the broker's acceptance to its end."""

    @property
    def protocol(self) -> str:
        """Name and version of the protocol spoken, for people."""
        ...

    @property
    def max_packet_bytes(self) -> int | None:
        """The largest packet that the broker says it takes; None where it does not say."""
        ...

    @property
    def lost(self) -> asyncio.Future[str]:
        """Resolves with the reason, in words, when the connection has ended."""
        ...

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        """Publish and return once the broker has taken it.

        Raises:
            SessionLost: The connection ended first.
            TooLarge: The broker takes no message of that size.
            NotAllowed: The account may not publish there.
        """
        ...

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        """Subscribe, shared with `group` where the broker can.

        Raises:
            SessionLost: The connection ended first.
            NotAllowed: The account may not read there.
        """
        ...

    async def close(self) -> None:
        """End the connection in order, so that no last will is published."""
        ...


class Transport(Protocol):
    """Opens sessions."""

    @property
    def name(self) -> str:
        """Where it leads, for people."""
        ...

    async def connect(self, will: LastWill | None, on_message: Callable[[Incoming], None]) -> Session:
        """Open a session; `on_message` is then called on the event loop for every message.

        Raises:
            Unreachable: Nobody answers, or the account is refused.
        """
        ...


class SessionLost(Exception):
    """The connection ended before the broker answered; the link tries again on the next one."""
