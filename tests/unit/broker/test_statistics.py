"""The link that reads a broker's own counts: it stays, reads again, and says why it cannot."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import repeat
from typing import final

import pytest

from broker.errors import NotAllowed, Unreachable
from broker.statistics import StatisticsLink
from broker.transport import Incoming, LastWill

TOPICS = ("$SYS/broker/uptime", "$SYS/broker/clients/connected")


@final
class Reader:
    def __init__(self) -> None:
        self.links: list[bool] = []
        self.said: list[tuple[str, bytes]] = []
        self.news = asyncio.Event()

    def on_link(self, connected: bool) -> None:
        self.links.append(connected)
        self.news.set()

    def on_message(self, topic: str, payload: bytes) -> None:
        self.said.append((topic, payload))
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.news.clear()
                await self.news.wait()


@final
class Broker:
    """A transport to a broker that says its topics' names, and may refuse."""

    name = "the broker"
    protocol = "MQTT 5"
    max_packet_bytes = None

    def __init__(self) -> None:
        self.unreachable = 0
        self.forbids = ""
        self.acknowledged = 0
        self.closed = 0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def connect(self, will: LastWill | None, on_message: Callable[[Incoming], None]) -> "Broker":
        assert will is None
        if self.unreachable:
            self.unreachable -= 1
            raise Unreachable("nobody there")
        self.lost = asyncio.get_running_loop().create_future()
        self._on_message = on_message
        return self

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        if topic_filter == self.forbids:
            raise NotAllowed(f"this account may not read {topic_filter}")
        self._on_message(Incoming(topic_filter, b"1", self._acknowledge))

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        pytest.fail("a monitor publishes nothing")

    async def close(self) -> None:
        self.closed += 1

    def _acknowledge(self) -> None:
        self.acknowledged += 1


@asynccontextmanager
async def staying(link: StatisticsLink) -> AsyncIterator[None]:
    task = asyncio.create_task(link.stay())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_it_reads_every_topic_and_acknowledges() -> None:
    broker, reader = Broker(), Reader()
    link = StatisticsLink(broker, TOPICS, reader)
    assert link.detail == "not connected yet"
    async with staying(link):
        await reader.until(lambda: len(reader.said) == 2)
        assert reader.said == [(topic, b"1") for topic in TOPICS]
        assert reader.links == [True]
        assert link.detail == ""
    assert (broker.acknowledged, broker.closed, reader.links) == (2, 1, [True, False])


async def test_it_comes_back_to_a_broker_that_was_away_or_lost() -> None:
    broker, reader = Broker(), Reader()
    broker.unreachable = 3
    link = StatisticsLink(broker, TOPICS, reader, delays=lambda: repeat(0.0))
    async with staying(link):
        await reader.until(lambda: len(reader.said) == 2)
        broker.lost.set_result("cut")
        await reader.until(lambda: len(reader.said) == 4)
        assert reader.links == [True, False, True]


async def test_a_right_that_is_missing_is_said() -> None:
    broker, reader = Broker(), Reader()
    broker.forbids = TOPICS[1]
    link = StatisticsLink(broker, TOPICS, reader)
    async with staying(link):
        await reader.until(lambda: reader.links == [True, False])
        assert "may not read $SYS/broker/clients/connected" in link.detail
    assert broker.closed == 1
