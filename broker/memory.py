"""The in-memory twin of a broker: the same links over no network, for unit tests of logic alone."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any, Final, Generic, final

from broker.link import Link
from broker.observer import LinkObserver
from broker.presence import Presence
from broker.topic import S
from broker.transport import Incoming, LastWill, SessionLost

_WILDCARD: Final = "+"


@final
class MemoryBroker(Generic[S]):
    """Routes messages between links of one side, with retained messages, wills and shared groups."""

    def __init__(self, side: type[S]) -> None:
        self.side = side
        self.published: list[tuple[str, bytes]] = []
        self._retained: dict[str, bytes] = {}
        self._sessions: list[_MemorySession] = []
        self._turn = 0

    def connection(
        self,
        *,
        presence: Presence[S, Any] | None = None,
        observer: LinkObserver | None = None,
        send_seconds: float = 1.0,
    ) -> Link[S]:
        """Make a link to this broker that reconnects at once."""
        return Link(
            self.side,
            _MemoryTransport(self),
            presence=presence,
            observer=observer,
            send_seconds=send_seconds,
            delays=_at_once,
        )

    def restart(self) -> None:
        """Cut every connection, as a broker that crashes does; retained messages are lost."""
        self._retained.clear()
        for session in list(self._sessions):
            self.detach(session, "the broker went away", with_will=False)

    def attach(self, session: "_MemorySession") -> None:
        """Let a session in."""
        self._sessions.append(session)

    def detach(self, session: "_MemorySession", reason: str, *, with_will: bool) -> None:
        """End a session."""
        if session in self._sessions:
            self._sessions.remove(session)
            session.end(reason)
            if with_will and session.will is not None:
                self.route(session.will.path, session.will.data, retain=True)

    def route(self, path: str, data: bytes, *, retain: bool) -> None:
        """Bring a message to everybody who subscribed."""
        self.published.append((path, data))
        if retain:
            self._retained[path] = data
        groups: dict[str, list[_MemorySession]] = {}
        for session in list(self._sessions):
            for topic_filter, group in session.filters:
                if not _matches(topic_filter, path):
                    continue
                if group is None:
                    session.receive(path, data)
                else:
                    groups.setdefault(group, []).append(session)
        for members in groups.values():
            self._turn += 1
            members[self._turn % len(members)].receive(path, data)

    def send_retained(self, session: "_MemorySession", topic_filter: str) -> None:
        """Bring a new subscriber what was retained."""
        for path, data in self._retained.items():
            if _matches(topic_filter, path):
                session.receive(path, data)


@final
class _MemoryTransport:
    def __init__(self, broker: MemoryBroker[Any]) -> None:
        self._broker = broker
        self.name = f"the {broker.side.label} broker in memory"

    async def connect(
        self, will: LastWill | None, on_message: Callable[[Incoming], None]
    ) -> "_MemorySession":
        session = _MemorySession(self._broker, will, on_message)
        self._broker.attach(session)
        return session


@final
class _MemorySession:
    protocol = "memory"
    max_packet_bytes = None

    def __init__(
        self, broker: MemoryBroker[Any], will: LastWill | None, on_message: Callable[[Incoming], None]
    ) -> None:
        self.will = will
        self.filters: list[tuple[str, str | None]] = []
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._broker = broker
        self._on_message = on_message

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:  # noqa: ARG002
        await asyncio.sleep(0)
        if self.lost.done():
            raise SessionLost(self.lost.result())
        self._broker.route(path, data, retain=retain)

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:  # noqa: ARG002
        self.filters.append((topic_filter, group))
        self._broker.send_retained(self, topic_filter)

    async def close(self) -> None:
        self._broker.detach(self, "closed", with_will=False)

    def receive(self, path: str, data: bytes) -> None:
        self._on_message(Incoming(path, data, lambda: None))

    def end(self, reason: str) -> None:
        if not self.lost.done():
            self.lost.set_result(reason)


def _matches(topic_filter: str, path: str) -> bool:
    wanted, levels = topic_filter.split("/"), path.split("/")
    return len(wanted) == len(levels) and all(
        want in (_WILDCARD, level) for want, level in zip(wanted, levels, strict=True)
    )


def _at_once() -> Iterator[float]:
    return repeat(0.0)
