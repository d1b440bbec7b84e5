"""Who is told that a node is there may send to it at once: it listens before it says so."""

import asyncio
from collections.abc import Callable

from broker.link import Link
from broker.presence import Presence
from broker.private_topics import CAMERA_STATUS, FRAMES
from broker.topic import Private
from broker.transport import Incoming, LastWill
from tests.unit.broker.messages import a_camera_status

PRESENCE = Presence(CAMERA_STATUS, a_camera_status(state="offline"), a_camera_status)


class SlowToSubscribe:
    """A session, and the transport that opens it; notes what was done, in order."""

    name = "the broker under test"
    protocol = "test"
    max_packet_bytes = None

    def __init__(self) -> None:
        self.done: list[str] = []
        self.asked = asyncio.Event()
        self.granted = asyncio.Event()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def connect(
        self, will: LastWill | None, on_message: Callable[[Incoming], None]
    ) -> "SlowToSubscribe":
        return self

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        self.done.append("said")

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        self.asked.set()
        await self.granted.wait()
        self.done.append("subscribed")

    async def close(self) -> None:
        pass


async def test_a_connect_subscribes_before_it_says_that_it_is_there() -> None:
    session = SlowToSubscribe()
    session.granted.set()
    async with asyncio.timeout(10), Link(Private, session, presence=PRESENCE) as link:
        link.subscriber(FRAMES)
        await link.wait_connected(5)
        assert session.done == ["subscribed", "said"]


async def test_news_of_a_node_wait_for_what_it_asked_to_receive() -> None:
    session = SlowToSubscribe()
    async with asyncio.timeout(10), Link(Private, session, presence=PRESENCE) as link:
        await link.wait_connected(5)
        link.subscriber(FRAMES)
        announcing = asyncio.ensure_future(link.announce())
        await session.asked.wait()
        assert session.done == ["said"]
        assert (link.connected, link.listening) == (True, False)
        session.granted.set()
        await announcing
        assert link.listening
        assert session.done == ["said", "subscribed", "said"]
