"""The memory store keeps the protocol's promises within its bounds; the guard keeps a dead store cheap."""

import asyncio
from collections.abc import Iterator

from analyzer_node.breaker import Breaker
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.memory_store import MemoryStore
from broker.results import RegionAnswer
from tests.servers import until
from tests.unit.analyzer_node.parts import OTHER_STREAM, STREAM, BreakableStore, a_result


def no_pauses() -> Iterator[float]:
    while True:
        yield 0.0


async def test_answers_come_in_the_order_of_the_keys() -> None:
    store = MemoryStore()
    one, two = RegionAnswer("circle", 0.25), RegionAnswer("square", 0.5)
    await store.remember({"a": one, "b": two}, [])
    assert await store.look_up(["b", "c", "a"]) == [two, None, one]


async def test_the_least_recently_used_answer_is_forgotten_first() -> None:
    store = MemoryStore(answers=2)
    answer = RegionAnswer("circle", 0.25)
    await store.remember({"a": answer, "b": answer}, [])
    await store.look_up(["a"])
    await store.remember({"c": answer}, [])
    assert await store.look_up(["a", "b", "c"]) == [answer, None, answer]


async def test_history_is_bounded_newest_first_and_without_repetitions() -> None:
    store = MemoryStore(history=3)
    for sequence in (0, 1, 2, 2, 3):
        await store.remember({}, [a_result(sequence)])
    assert [result.sequence for result in await store.history(STREAM, 10)] == [3, 2, 1]
    assert [result.sequence for result in await store.history(STREAM, 2)] == [3, 2]
    assert await store.history(OTHER_STREAM, 2) == []


async def test_latest_is_the_highest_of_the_newest_run() -> None:
    store = MemoryStore()
    assert await store.latest(STREAM) is None
    await store.remember({}, [a_result(5), a_result(4)])
    assert (latest := await store.latest(STREAM)) is not None
    assert latest.sequence == 5
    await store.remember({}, [a_result(0, run=8)])
    assert (latest := await store.latest(STREAM)) is not None
    assert (latest.run, latest.sequence) == (8, 0)


async def test_a_dead_store_is_asked_once_and_tried_beside_the_answers_until_it_is_back() -> None:
    store, failures = BreakableStore("timeout"), []
    guarded = GuardedStore(store, Breaker(no_pauses), count=failures.append)
    assert await guarded.look_up(["a", "b"]) == [None, None]
    await guarded.look_up(["a"])
    await guarded.remember({}, [a_result()])
    assert (store.asked, failures, guarded.trouble) == (1, ["timeout"], "store-timeout")
    watch = asyncio.create_task(guarded.watch())
    for _ in range(3):
        await store.checks.acquire()
    assert guarded.down
    store.down = ""
    await until(lambda: not guarded.down, "the store is used again")
    assert guarded.trouble == ""
    await guarded.remember({"a": RegionAnswer("circle", 1.0)}, [])
    assert await guarded.look_up(["a"]) == [RegionAnswer("circle", 1.0)]
    watch.cancel()


async def test_an_outage_without_traffic_is_noticed() -> None:
    store = BreakableStore()
    guarded = GuardedStore(store, Breaker(no_pauses), check_seconds=0.0)
    watch = asyncio.create_task(guarded.watch())
    await store.checks.acquire()
    store.down = "unreachable"
    await until(lambda: guarded.trouble == "store-unreachable", "the outage is noticed")
    watch.cancel()


async def test_a_store_that_refuses_writes_is_still_read_but_is_trouble() -> None:
    store = BreakableStore()
    guarded = GuardedStore(store, Breaker())
    await guarded.remember({"a": RegionAnswer("circle", 1.0)}, [])
    store.refuses = 1
    await guarded.remember({"b": RegionAnswer("circle", 1.0)}, [])
    assert guarded.trouble == "store-refuses-writes"
    assert await guarded.look_up(["a"]) == [RegionAnswer("circle", 1.0)]
    store.refuses = 0
    await guarded.remember({"b": RegionAnswer("circle", 1.0)}, [])
    assert guarded.trouble == ""


def test_waits_grow_within_an_outage_and_start_anew_with_the_next() -> None:
    breaker = Breaker(lambda: iter([1.0, 2.0, 4.0]))
    breaker.failed()
    breaker.failed()
    assert (breaker.is_open, breaker.pause(), breaker.pause()) == (True, 1.0, 2.0)
    breaker.succeeded()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.pause() == 1.0
