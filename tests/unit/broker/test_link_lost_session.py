"""A sender never turns in circles on a session that is lost."""

import asyncio
from collections.abc import Callable
from itertools import repeat

from broker.cloud_topics import RESULTS
from broker.link import Link
from broker.topic import Cloud
from broker.transport import Incoming, LastWill, SessionLost
from tests.unit.broker.messages import a_result


class FailingSession:
    """Fails at once without yielding to the event loop, as a dead MQTT client does."""

    protocol = "test"
    max_packet_bytes = None

    def __init__(self, works: bool) -> None:
        self.works = works
        self.tries = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        self.tries += 1
        if not self.works:
            if not self.lost.done():
                self.lost.set_result("cut")
            raise SessionLost("cut")

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        pass

    async def close(self) -> None:
        pass


class Sessions:
    name = "the broker under test"

    def __init__(self) -> None:
        self.opened: list[FailingSession] = []

    async def connect(self, will: LastWill | None, on_message: Callable[[Incoming], None]) -> FailingSession:
        self.opened.append(FailingSession(works=len(self.opened) == 1))
        return self.opened[-1]


async def test_a_message_goes_over_the_next_session_after_one_failure() -> None:
    sessions = Sessions()
    async with Link(Cloud, sessions, delays=lambda: repeat(0.0)) as link:
        async with asyncio.timeout(10):
            await link.publisher(RESULTS).send(a_result())
    assert [session.tries for session in sessions.opened] == [1, 1]
