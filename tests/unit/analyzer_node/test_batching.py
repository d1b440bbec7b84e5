"""Batches are whole, ordered and bounded; a lone message does not wait."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_node.batching import Batcher
from tests.servers import until

LONG = 3600.0
"""Seconds of waiting for company that no test would survive."""


def a_batcher(max_weight: int = 8, capacity: int = 100, linger: float = LONG) -> Batcher[int]:
    return Batcher(lambda weight: weight, max_weight=max_weight, capacity=capacity, linger=linger)


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), max_size=30), st.integers(1, 8))
async def test_batches_hold_everything_once_in_order_and_within_the_weight(
    weights: list[int], max_weight: int
) -> None:
    batcher = a_batcher(max_weight, linger=0.0)
    for weight in weights:
        await batcher.put(weight)
    await batcher.close()
    batches = []
    while batch := await batcher.take():
        batches.append(batch)
    assert [weight for batch in batches for weight in batch] == weights
    assert all(sum(batch) <= max_weight or len(batch) == 1 for batch in batches)


async def test_a_lone_message_goes_at_once() -> None:
    batcher = a_batcher()
    for weight in (1, 2, 1):
        await batcher.put(weight)
        assert await batcher.take() == [weight]


async def test_after_a_crowded_batch_the_next_one_waits_until_it_is_full() -> None:
    batcher = a_batcher(max_weight=2)
    await batcher.put(1)
    await batcher.put(1)
    assert await batcher.take() == [1, 1]
    await batcher.put(1)
    second = asyncio.create_task(batcher.take())
    await batcher.put(1)
    assert await second == [1, 1]


async def test_company_that_does_not_come_is_waited_for_once() -> None:
    batcher = a_batcher(linger=0.01)
    await batcher.put(1)
    await batcher.put(2)
    assert await batcher.take() == [1, 2]
    await batcher.put(3)
    assert await batcher.take() == [3]
    batcher._linger = LONG
    await batcher.put(4)
    assert await batcher.take() == [4]


async def test_a_full_queue_holds_its_writers_back() -> None:
    batcher = a_batcher(max_weight=1, capacity=2)
    await batcher.put(1)
    await batcher.put(1)
    third = asyncio.create_task(batcher.put(1))
    await asyncio.sleep(0)
    assert (len(batcher), third.done()) == (2, False)
    await batcher.take()
    await until(third.done, "the writer goes on")


async def test_closing_ends_a_wait_for_company() -> None:
    batcher = a_batcher()
    await batcher.put(1)
    await batcher.put(1)
    await batcher.take()
    await batcher.put(1)
    waiting = asyncio.create_task(batcher.take())
    await asyncio.sleep(0)
    await batcher.close()
    assert await waiting == [1]
    assert await batcher.take() == []
