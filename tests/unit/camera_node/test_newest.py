"""A live source: the newest picture wins, and each that loses is counted with its reason."""

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
import structlog

from broker.errors import TooLarge, Undelivered
from broker.frames import Frame
from camera_node.errors import SourceFailed
from camera_node.framer import Framer
from camera_node.newest import NewestSender
from camera_node.source import Picture
from camera_node.tally import Tally
from tests.unit.camera_node.twins import pictures


class Broker:
    """A publisher that takes a frame each time it is allowed to, or fails as told."""

    def __init__(self) -> None:
        self.taken: list[Frame] = []
        self.tried = asyncio.Event()
        self.allowed = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def send(self, message: Frame, /) -> int:
        self.tried.set()
        await self.allowed.acquire()
        if self.error is not None:
            raise self.error
        self.taken.append(message)
        return len(message.jpeg)


def fresh(count: int) -> list[Picture]:
    return [msgspec.structs.replace(one, captured_ns=time.time_ns()) for one in pictures(count)]


class Feed:
    """Pictures handed over one by one, by the test."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Picture | Exception | None] = asyncio.Queue()

    async def give(self, item: Picture | Exception | None) -> None:
        await self._queue.put(item)
        await settle()

    async def __aiter__(self) -> AsyncIterator[Picture]:
        while (item := await self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


def sender(broker: Broker, max_lag: float | None = None) -> tuple[NewestSender, Tally]:
    tally = Tally("yard")
    return NewestSender(Framer("yard", "newest", "free"), broker, tally, max_lag), tally


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_slow_broker_gets_the_newest_picture_and_the_others_are_counted() -> None:
    broker, feed = Broker(), Feed()
    sending, tally = sender(broker)
    task = asyncio.create_task(sending.run(aiter(feed)))
    shots = fresh(6)
    await feed.give(shots[0])
    await broker.tried.wait()
    for shot in shots[1:]:
        await feed.give(shot)
    broker.allowed.release()
    broker.allowed.release()
    await settle()
    await feed.give(None)
    await task
    assert [frame.jpeg for frame in broker.taken] == [shots[0].jpeg, shots[5].jpeg]
    assert [frame.sequence for frame in broker.taken] == [0, 1]
    assert tally.sent == 2
    assert tally.dropped == {"superseded": 4}


async def test_a_picture_that_grew_old_while_it_waited_is_dropped_with_a_line_that_says_where() -> None:
    broker, feed = Broker(), Feed()
    with structlog.testing.capture_logs() as lines:
        sending, tally = sender(broker, max_lag=0.5)
        task = asyncio.create_task(sending.run(aiter(feed)))
        await feed.give(msgspec.structs.replace(fresh(1)[0], captured_ns=time.time_ns() - 2_000_000_000))
        broker.allowed.release()
        await feed.give(fresh(1)[0])
        await settle()
        await feed.give(None)
        await task
    assert tally.dropped == {"lag": 1}
    assert len(broker.taken) == 1
    (line,) = [line for line in lines if line.get("reason") == "lag"]
    assert (line["camera"], line["queue"]) == ("yard", "camera newest slot")
    assert line["lag_seconds"] >= 2.0


@pytest.mark.parametrize(
    ("error", "reason"), [(Undelivered("not now"), "undelivered"), (TooLarge("too big"), "too-large")]
)
async def test_what_the_broker_does_not_take_is_counted_and_the_next_one_goes(
    error: Exception, reason: str
) -> None:
    broker, feed = Broker(), Feed()
    sending, tally = sender(broker)
    task = asyncio.create_task(sending.run(aiter(feed)))
    broker.error = error
    broker.allowed.release()
    await feed.give(fresh(1)[0])
    await settle()
    broker.error = None
    broker.allowed.release()
    await feed.give(fresh(1)[0])
    await settle()
    await feed.give(None)
    await task
    assert tally.dropped == {reason: 1}
    assert tally.sent == 1


async def test_a_source_that_breaks_off_is_raised_as_it_is() -> None:
    broker, feed = Broker(), Feed()
    sending, _ = sender(broker)
    task = asyncio.create_task(sending.run(aiter(feed)))
    await feed.give(SourceFailed("rtsp://camera/live broke off."))
    with pytest.raises(SourceFailed, match="broke off"):
        await task
