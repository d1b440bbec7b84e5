"""A link that stays: reconnects, subscribes again, says that it is there, and hands out typed ends."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, Self, final

from broker.backoff import backoff
from broker.cuts import Cuts
from broker.ends import Publisher, Subscriber
from broker.errors import BrokerError, LinkError, TooLarge, Undelivered, Unreachable
from broker.mailbox import Mailbox
from broker.observer import LinkObserver, Unobserved
from broker.presence import Presence
from broker.topic import AnyTopic, R, S, Topic, W
from broker.transport import Incoming, Session, SessionLost, Transport

SEND_SECONDS: Final = 10.0
IN_FLIGHT: Final = 16
_CUTS_THAT_MEAN_TOO_LARGE: Final = 3
_LARGE_BYTES: Final = 64 * 1024
_GOODBYE_SECONDS: Final = 2.0
_LOSS_SECONDS: Final = 1.0


@final
class Link(Generic[S]):
    """A `Connection` over any transport. Use as `async with`; it connects in the background."""

    def __init__(
        self,
        side: type[S],
        transport: Transport,
        *,
        presence: Presence[S, Any] | None = None,
        observer: LinkObserver | None = None,
        in_flight: int = IN_FLIGHT,
        send_seconds: float = SEND_SECONDS,
        delays: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        """Prepare a link of one side.

        Args:
            side: `Private` or `Cloud`; topics of the other are refused.
            transport: Opens the sessions.
            presence: What to say on every connect, by will, and on leaving.
            observer: Is told what happens.
            in_flight: How many messages may be on their way at once.
            send_seconds: How long `send` tries before it gives up.
            delays: Makes the waits between attempts.
        """
        self.side = side
        self.send_seconds = send_seconds
        self.observer: LinkObserver = observer or Unobserved()
        self._transport = transport
        self._presence = presence
        self._delays = delays
        self._slots = asyncio.Semaphore(in_flight)
        self._mailboxes: list[Mailbox[Any]] = []
        self._subscribing: set[asyncio.Future[None]] = set()
        self._session: Session | None = None
        self._standing = asyncio.Event()
        self._detail = "not connected yet"
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted this link and it stands."""
        return self._session is not None

    @property
    def listening(self) -> bool:
        """Whether it also receives all that it was asked to: what is sent from now on arrives."""
        return self.connected and not self._subscribing

    @property
    def detail(self) -> str:
        """How the link is, in words for a person."""
        return self._detail

    @property
    def protocol(self) -> str:
        """The protocol spoken, empty while not connected."""
        return self._session.protocol if self._session else ""

    @property
    def max_packet_bytes(self) -> int | None:
        """The largest packet the broker says it takes; None while unknown."""
        return self._session.max_packet_bytes if self._session else None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay(), name=f"link {self._transport.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        session = self._session
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if session is not None:
            await self._leave(session)
        self._down("closed")
        for mailbox in self._mailboxes:
            mailbox.close()

    async def wait_connected(self, timeout: float) -> None:
        """Wait until the link stands; raises `Unreachable` with the last reason if it does not in time."""
        try:
            async with asyncio.timeout(timeout):
                await self._standing.wait()
        except TimeoutError:
            raise Unreachable(f"{self._transport.name}: {self._detail}") from None

    async def announce(self) -> None:
        """Publish the presence again, because it has changed; does nothing while not connected.

        Who reads it and writes at once is heard: whatever was to be received by then is subscribed to before.
        """
        if self._subscribing:
            await asyncio.wait(self._subscribing)
        session = self._session
        if session is not None and self._presence is not None:
            await self._say(session, self._presence.now())

    def publisher(self, topic: Topic[S, W, Any]) -> Publisher[W]:
        """Hand out the right to send on a topic."""
        self._check_side(topic)
        return _Sender(self, topic)

    def subscriber(
        self,
        topic: Topic[S, Any, R],
        *,
        only: str | None = None,
        group: str | None = None,
        capacity: int = 16,
    ) -> Subscriber[R]:
        """Hand out the right to receive a topic; see `Connection`."""
        self._check_side(topic)
        mailbox: Mailbox[R] = Mailbox(topic, only, group, capacity, self.observer.on_refused)
        if any(mailbox.overlaps(other) for other in self._mailboxes):
            raise ValueError(f"{mailbox.filter} is already received on this link")
        self._mailboxes.append(mailbox)
        if self._session is not None:
            task = asyncio.ensure_future(self._subscribe_now(self._session, mailbox))
            self._subscribing.add(task)
            task.add_done_callback(self._subscribing.discard)
        return mailbox

    async def deliver(self, topic: AnyTopic, path: str, data: bytes) -> None:
        """Bring one message to the broker, over as many sessions as the time allows."""
        if len(data) > topic.max_bytes:
            raise TooLarge(
                f"a message for {topic.pattern} has {len(data)} bytes, at most {topic.max_bytes} go"
            )
        cuts = 0
        try:
            async with asyncio.timeout(self.send_seconds), self._slots:
                while cuts < _CUTS_THAT_MEAN_TOO_LARGE or len(data) < _LARGE_BYTES:
                    await self._standing.wait()
                    session = self._session
                    if session is None:
                        continue
                    with contextlib.suppress(SessionLost):
                        self._check_packet(session, len(data))
                        await session.publish(path, data, qos=topic.qos, retain=topic.retain)
                        self.observer.on_sent(topic, len(data))
                        return
                    cuts += 1
                    await self._wait_for_the_next(session)
        except TimeoutError:
            raise Undelivered(
                f"{self._transport.name} took no message for {self.send_seconds:g} s: {self._detail}"
            ) from None
        raise TooLarge(
            f"{self._transport.name} cut the link {cuts} times while {len(data)} bytes were on their way. "
            "Raise the broker's message size limit, or send smaller pictures (size, quality)."
        )

    async def _wait_for_the_next(self, failed: Session) -> None:
        """Let the link notice that a session is lost: tried again at once it would fail at once, for ever."""
        await asyncio.wait({failed.lost}, timeout=_LOSS_SECONDS)
        await asyncio.sleep(0)

    def _check_packet(self, session: Session, size: int) -> None:
        limit = session.max_packet_bytes
        if limit is not None and size + 256 > limit:
            raise TooLarge(
                f"{self._transport.name} takes packets of at most {limit} bytes, this message has {size}. "
                "Raise max_packet_size at the broker, or send smaller pictures (size, quality)."
            )

    def _check_side(self, topic: AnyTopic) -> None:
        if topic.side is not self.side:
            raise TypeError(f"{topic.pattern} belongs to the {topic.side.label} side, not to this link's")

    async def _stay(self) -> None:
        delays, cuts, clock = self._delays(), Cuts(), asyncio.get_running_loop().time
        while True:
            try:
                session = await self._open()
            except BrokerError as error:
                self._down(str(error))
            else:
                began = clock()
                reason = await asyncio.shield(session.lost)
                self._down(cuts.explained(reason, clock() - began))
                if not cuts.many:
                    delays = self._delays()
            await asyncio.sleep(next(delays))

    async def _open(self) -> Session:
        will = self._presence.will if self._presence else None
        session = await self._transport.connect(will, self._take)
        try:
            for mailbox in self._mailboxes:
                await self._subscribe(session, mailbox)
            if self._presence is not None:
                await self._say(session, self._presence.now())
        except (SessionLost, LinkError) as error:
            await session.close()
            raise Unreachable(str(error) or "the connection was lost at once") from error
        except BaseException:
            await session.close()
            raise
        self._session = session
        self._detail = f"connected, {session.protocol}"
        self._standing.set()
        self.observer.on_link(True)
        return session

    async def _subscribe(self, session: Session, mailbox: Mailbox[Any]) -> None:
        await session.subscribe(mailbox.filter, group=mailbox.group, qos=mailbox.topic.qos)

    async def _subscribe_now(self, session: Session, mailbox: Mailbox[Any]) -> None:
        """Subscribe on a session that stands; if that is lost meanwhile, the next one subscribes anyway."""
        with contextlib.suppress(SessionLost):
            await self._subscribe(session, mailbox)

    async def _say(self, session: Session, data: bytes) -> None:
        assert self._presence is not None  # noqa: S101 - callers have checked
        with contextlib.suppress(SessionLost):
            await session.publish(self._presence.will.path, data, qos=1, retain=True)

    async def _leave(self, session: Session) -> None:
        with contextlib.suppress(TimeoutError, LinkError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                if self._presence is not None:
                    await self._say(session, self._presence.last_words())
        await session.close()

    def _down(self, detail: str) -> None:
        was_connected = self.connected
        self._session = None
        self._detail = detail
        self._standing.clear()
        if was_connected:
            self.observer.on_link(False)

    def _take(self, incoming: Incoming) -> None:
        for mailbox in self._mailboxes:
            if mailbox.accepts(incoming.path):
                self.observer.on_received(mailbox.topic, len(incoming.data))
                mailbox.take(incoming)
                return
        incoming.acknowledge()


@final
class _Sender(Generic[W]):
    """A `Publisher` of one topic on one link."""

    def __init__(self, link: Link[Any], topic: AnyTopic) -> None:
        self._link = link
        self._topic = topic

    async def send(self, message: W, /) -> int:
        topic = self._topic
        data = topic.encode(message)
        await self._link.deliver(topic, topic.path(topic.id_written(message)), data)
        return len(data)
