"""The node over an in-memory broker: what is asked is answered and then acknowledged; stopping drains."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest

from analyzer_node.analysis import Analysis
from analyzer_node.batching import Batcher
from analyzer_node.breaker import Breaker
from analyzer_node.delivery import Homeward
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.memory_store import MemoryStore
from analyzer_node.networks import NetworkThread
from analyzer_node.node import Questions, run_analyzer, weigh
from analyzer_node.tally import Counts
from broker.cloud_topics import FEATURES, RESULTS
from broker.ends import Delivery
from broker.errors import Undelivered
from broker.features import Features, encode_features
from broker.memory import MemoryBroker
from broker.results import Result
from broker.topic import Cloud
from tests.servers import until
from tests.unit.analyzer_node.parts import STREAM, WatchedNetwork, expected_answer, some_features


class Questioner:
    """A subscriber fed by hand; `acknowledged` are the sequences that need not come again."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Delivery[Features] | None] = asyncio.Queue()
        self.acknowledged: list[int] = []

    @property
    def refused(self) -> Mapping[str, int]:
        return {}

    def ask(self, features: Features) -> None:
        sequence = features.sequence
        self._queue.put_nowait(Delivery(features, 1, lambda: self.acknowledged.append(sequence)))

    def close(self) -> None:
        self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Delivery[Features]]:
        while (delivery := await self._queue.get()) is not None:
            yield delivery


class Home:
    """A publisher whose way can be blocked or cut."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.cut = False
        self.results: list[Result] = []

    async def send(self, result: Result, /) -> int:
        await self.open.wait()
        if self.cut:
            raise Undelivered("cut")
        self.results.append(result)
        return 1


class Bench:
    def __init__(self) -> None:
        self.asks = Questioner()
        self.home = Home()
        self.tally = Counts()
        self.network = WatchedNetwork()
        self.memory = MemoryStore()
        self.stop = asyncio.Event()
        self.questions: Questions = Batcher(weigh, max_weight=8, capacity=100, linger=0.0)

    async def run(self) -> None:
        store = GuardedStore(self.memory, Breaker())
        async with NetworkThread(max_batch=8, tally=self.tally) as thread:
            analysis = Analysis(self.network.networks, thread, store, self.tally)
            homeward = Homeward(self.home, store, self.tally)
            await run_analyzer(self.asks, self.questions, analysis, homeward, self.stop)


async def test_every_question_is_answered_acknowledged_and_remembered() -> None:
    bench = Bench()
    for sequence in range(50):
        bench.asks.ask(some_features(sequence, bytes([sequence]) * 8))
    bench.asks.close()
    await bench.run()
    assert sorted(result.sequence for result in bench.home.results) == list(range(50))
    assert sorted(bench.asks.acknowledged) == list(range(50))
    assert len(await bench.memory.history(STREAM, 100)) == 50


async def test_nothing_is_acknowledged_before_its_result_is_sent() -> None:
    bench = Bench()
    bench.home.open.clear()
    bench.asks.ask(some_features(0, b"region-1"))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.network.calls, "the question is worked on")
    assert bench.asks.acknowledged == []
    bench.home.open.set()
    await until(lambda: bench.asks.acknowledged, "it is acknowledged")
    assert len(bench.home.results) == 1
    bench.stop.set()
    await running


async def test_stopping_answers_what_was_taken() -> None:
    bench = Bench()
    bench.home.open.clear()
    for sequence in range(100):
        bench.asks.ask(some_features(sequence, bytes([sequence]) * 8))
    running = asyncio.create_task(bench.run())
    await until(bench.asks._queue.empty, "all is taken")
    bench.stop.set()
    bench.home.open.set()
    await running
    assert sorted(result.sequence for result in bench.home.results) == list(range(100))


async def test_a_broker_that_takes_no_results_is_counted_and_does_not_stop_the_node() -> None:
    bench = Bench()
    bench.home.cut = True
    bench.asks.ask(some_features(0, b"region-1"))
    running = asyncio.create_task(bench.run())
    await until(lambda: bench.tally.losses == {"undelivered": 1}, "the loss is counted")
    bench.home.cut = False
    bench.asks.ask(some_features(1, b"region-1"))
    await until(lambda: bench.home.results, "the next is answered")
    assert bench.home.results[0].regions == (expected_answer(b"region-1"),)
    bench.stop.set()
    await running


@pytest.mark.parametrize("share", [True, False])
async def test_several_analyzers_answer_alike_whether_they_share_or_not(share: bool) -> None:
    broker: MemoryBroker[Cloud] = MemoryBroker(Cloud)
    benches = [Bench(), Bench()]
    async with AsyncExitStack() as stack:
        home = await stack.enter_async_context(broker.connection())
        results = home.subscriber(RESULTS, capacity=100)
        for bench in benches:
            link = await stack.enter_async_context(broker.connection())
            bench.asks = link.subscriber(FEATURES, group="g" if share else None, capacity=100)  # type: ignore[assignment]
            bench.home = link.publisher(RESULTS)  # type: ignore[assignment]
            await link.wait_connected(5)
        running = [asyncio.create_task(bench.run()) for bench in benches]
        for sequence in range(10):
            asked = some_features(sequence, b"region-1")
            broker.route(FEATURES.path(STREAM), encode_features(asked), retain=False)
        got: list[Result] = []
        async for delivery in results:
            got.append(delivery.message)
            if len(got) == (10 if share else 20):
                break
        for bench in benches:
            bench.stop.set()
        await asyncio.gather(*running)
    assert {result.sequence for result in got} == set(range(10))
    assert {result.regions for result in got} == {(expected_answer(b"region-1"),)}
