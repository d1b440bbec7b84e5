"""A link that stays, over the in-memory twin: order, bounds, reconnects, presence, sides."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from itertools import islice
from typing import TypeVar

import pytest

from broker.backoff import backoff
from broker.cloud_topics import FEATURES, RESULTS
from broker.ends import Delivery
from broker.errors import TooLarge, Undelivered, Unreachable
from broker.link import Link
from broker.memory import MemoryBroker
from broker.presence import Presence
from broker.private_topics import ANSWERS, CAMERA_STATUS, FRAMES
from broker.topic import AnyTopic, Cloud, Private
from tests.unit.broker.messages import STREAM, a_camera_status, a_frame, a_result, an_answer

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await awaitable


async def take(stream: AsyncIterator[Delivery[T]], count: int) -> list[T]:
    messages = []
    async with asyncio.timeout(5):
        async for delivery in stream:
            messages.append(delivery.message)
            delivery.done()
            if len(messages) == count:
                return messages
    raise AssertionError("the stream ended early")


class Watcher:
    def __init__(self) -> None:
        self.refused: list[str] = []
        self.links: list[bool] = []
        self.sent = 0

    def on_link(self, connected: bool) -> None:
        self.links.append(connected)

    def on_sent(self, topic: AnyTopic, size: int) -> None:
        self.sent += size

    def on_received(self, topic: AnyTopic, size: int) -> None: ...

    def on_refused(self, topic: AnyTopic, reason: str) -> None:
        self.refused.append(reason)


async def test_messages_arrive_in_order() -> None:
    broker = MemoryBroker(Private)
    async with broker.connection() as one, broker.connection() as other:
        received = aiter(other.subscriber(FRAMES))
        await soon(other.wait_connected(5))
        for sequence in range(5):
            size = await one.publisher(FRAMES).send(a_frame(sequence=sequence))
            assert size == len(FRAMES.encode(a_frame(sequence=sequence)))
        assert [frame.sequence for frame in await take(received, 5)] == [0, 1, 2, 3, 4]


async def test_only_one_id_is_received_where_asked() -> None:
    broker = MemoryBroker(Private)
    async with broker.connection() as one, broker.connection() as other:
        received = aiter(other.subscriber(ANSWERS, only="yard"))
        await soon(other.wait_connected(5))
        for camera in ("door", "yard", "door"):
            await one.publisher(ANSWERS).send(an_answer(camera=camera))
        await one.publisher(ANSWERS).send(an_answer(camera="yard", sequence=9))
        assert [(a.camera, a.sequence) for a in await take(received, 2)] == [("yard", 3), ("yard", 9)]


async def test_a_full_mailbox_keeps_the_newest_and_counts_the_rest() -> None:
    broker = MemoryBroker(Private)
    watcher = Watcher()
    async with broker.connection() as one, broker.connection(observer=watcher) as other:
        mailbox = other.subscriber(FRAMES, capacity=2)
        await soon(other.wait_connected(5))
        for sequence in range(5):
            await one.publisher(FRAMES).send(a_frame(sequence=sequence))
        assert [frame.sequence for frame in await take(aiter(mailbox), 2)] == [3, 4]
        assert mailbox.refused == {"queue-full": 3}
        assert watcher.refused == ["queue-full"] * 3


async def test_what_names_another_id_than_its_topic_is_refused() -> None:
    broker = MemoryBroker(Private)
    async with broker.connection() as link:
        mailbox = link.subscriber(FRAMES)
        await soon(link.wait_connected(5))
        broker.route("penumbra/frames/other", FRAMES.encode(a_frame()), retain=False)
        broker.route("penumbra/frames/front-door", b"noise", retain=False)
        broker.route("penumbra/frames/front-door", FRAMES.encode(a_frame(sequence=1)), retain=False)
        assert [frame.sequence for frame in await take(aiter(mailbox), 1)] == [1]
        assert mailbox.refused == {"wrong-topic": 1, "foreign-message": 1}


async def test_after_a_broker_restart_the_link_subscribes_and_announces_again() -> None:
    broker = MemoryBroker(Private)
    watcher = Watcher()
    offline = a_camera_status(state="offline")
    presence = Presence(CAMERA_STATUS, offline, lambda: a_camera_status(state="running"))
    async with broker.connection(presence=presence, observer=watcher) as link:
        received = aiter(link.subscriber(FRAMES))
        await soon(link.wait_connected(5))
        broker.restart()
        await asyncio.sleep(0)
        await soon(link.publisher(FRAMES).send(a_frame(sequence=8)))
        assert [frame.sequence for frame in await take(received, 1)] == [8]
        status_path = "penumbra/status/camera/front-door"
        said = [CAMERA_STATUS.decode(data).state for path, data in broker.published if path == status_path]
        assert said == ["running", "running"]
    assert watcher.links == [True, False, True, False]
    assert CAMERA_STATUS.decode(broker.published[-1][1]).state == "offline"


async def test_a_link_that_vanishes_leaves_its_will() -> None:
    broker = MemoryBroker(Private)
    presence = Presence(CAMERA_STATUS, a_camera_status(state="offline"), a_camera_status)
    async with broker.connection(presence=presence) as link, broker.connection() as watcher:
        states = aiter(watcher.subscriber(CAMERA_STATUS))
        await soon(watcher.wait_connected(5))
        await soon(link.wait_connected(5))
        broker.detach(broker._sessions[0], "the cable was cut", with_will=True)
        assert [status.state for status in await take(states, 2)] == ["running", "offline"]


async def test_sending_gives_up_in_time_and_says_where() -> None:
    broker = MemoryBroker(Private)
    link = broker.connection(send_seconds=0.05)  # never entered: it never connects
    with pytest.raises(Undelivered, match="private broker"):
        await link.publisher(FRAMES).send(a_frame())
    with pytest.raises(Unreachable, match="private broker"):
        await link.wait_connected(0.01)


async def test_a_message_over_the_rows_limit_is_not_sent() -> None:
    broker = MemoryBroker(Cloud)
    async with broker.connection() as link:
        await soon(link.wait_connected(5))
        with pytest.raises(TooLarge):
            await link.deliver(RESULTS, "penumbra/results/x", bytes(RESULTS.max_bytes + 1))
    assert broker.published == []


async def test_a_topic_of_the_other_side_does_not_fit() -> None:
    link: Link[Cloud] = MemoryBroker(Cloud).connection()
    with pytest.raises(TypeError, match="private side"):
        link.publisher(FRAMES)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="private side"):
        link.subscriber(ANSWERS)  # type: ignore[arg-type]
    assert link.publisher(FEATURES) is not None


async def test_two_readers_of_one_topic_on_one_link_are_refused() -> None:
    link: Link[Private] = MemoryBroker(Private).connection()
    link.subscriber(FRAMES)
    with pytest.raises(ValueError, match="already received"):
        link.subscriber(FRAMES, only="yard")


async def test_a_group_shares_the_messages() -> None:
    broker = MemoryBroker(Cloud)
    async with broker.connection() as sender, broker.connection() as a, broker.connection() as b:
        mailboxes = [link.subscriber(RESULTS, group="g") for link in (a, b)]
        await soon(a.wait_connected(5))
        await soon(b.wait_connected(5))
        for sequence in range(6):
            await sender.publisher(RESULTS).send(a_result(sequence=sequence))
        received = [await take(aiter(mailbox), 3) for mailbox in mailboxes]
        assert sorted(result.sequence for part in received for result in part) == list(range(6))
    assert STREAM in broker.published[0][0]


async def test_iteration_ends_when_the_link_is_closed() -> None:
    broker = MemoryBroker(Private)
    async with broker.connection() as link:
        mailbox = link.subscriber(FRAMES)
    assert [delivery async for delivery in mailbox] == []


def test_waits_grow_to_half_a_minute_with_jitter() -> None:
    waits = list(islice(backoff(), 12))
    ceilings = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30]
    assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
    assert len(set(waits)) > 6


def test_an_acknowledgement_is_given_once() -> None:
    given: list[int] = []
    delivery = Delivery(a_frame(), 10, lambda: given.append(1))
    delivery.done()
    delivery.done()
    assert given == [1]
