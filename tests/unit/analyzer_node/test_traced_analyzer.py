"""The analyzer's spans say what became of a message, and name nothing of whom it is from."""

import json
from collections.abc import Sequence

from analyzer_node.analysis import Analysis
from analyzer_node.breaker import Breaker
from analyzer_node.delivery import Homeward
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.networks import NetworkThread
from analyzer_node.tally import Counts
from broker.errors import Undelivered
from broker.features import Features
from broker.results import Result
from tests.unit.analyzer_node.parts import (
    STREAM,
    BreakableStore,
    WatchedNetwork,
    delivered,
    some_features,
)
from tests.unit.traced import GIVEN, Traced

REGION = b"region-1"


class Home:
    """Takes results, unless it is cut off."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.cut = False

    async def send(self, message: Result, /) -> int:
        if self.cut:
            raise Undelivered("cut off")
        self.results.append(message)
        return 1


async def answered(traced: Traced, home: Home, *batches: Sequence[Features]) -> None:
    """Answer batch after batch and bring each home."""
    store, tally = GuardedStore(BreakableStore(), Breaker()), Counts()
    async with NetworkThread(max_batch=8, tally=tally) as thread:
        analysis = Analysis(WatchedNetwork().networks, thread, store, tally, traces=traced.traces)
        for batch in batches:
            deliveries = [delivered(features) for features in batch]
            async with Homeward(home, store, tally) as homeward:
                await homeward.bring(deliveries, await analysis.answer(deliveries))


async def test_an_answer_ends_as_computed_and_the_same_again_as_cached() -> None:
    traced, home = Traced(), Home()
    asked = [[some_features(number, REGION, traceparent=GIVEN)] for number in (0, 1)]
    await answered(traced, home, *asked)
    assert traced.ends("analyze") == [("answered", False), ("cached", False)]
    assert [len(traced.spans(name)) for name in ("queue", "cache", "network", "send")] == [2, 2, 1, 2]
    for span in traced.spans("analyze"):
        assert f"{span.context.trace_id:032x}" == GIVEN.split("-")[1]
        assert f"{span.parent.span_id:016x}" == GIVEN.split("-")[2]
    own = [f"00-{GIVEN.split('-')[1]}-{s.context.span_id:016x}-01" for s in traced.spans("analyze")]
    assert [result.traceparent for result in home.results] == own


async def test_a_message_without_a_trace_gets_a_span_of_its_own_and_a_result_without_one() -> None:
    traced, home = Traced(), Home()
    await answered(traced, home, [some_features(0, REGION)])
    assert traced.ends("analyze") == [("answered", False)]
    assert traced.spans("analyze")[0].parent is None
    assert [result.traceparent for result in home.results] == [""]


async def test_a_refusal_and_a_lost_result_end_as_failed() -> None:
    traced, home = Traced(), Home()
    await answered(traced, home, [some_features(0, REGION, bundle="e" * 16)])
    home.cut = True
    await answered(traced, home, [some_features(0, REGION)])
    assert traced.ends("analyze") == [("unknown-bundle", True), ("undelivered", True)]
    assert traced.ends("send") == [("", False), ("Undelivered", True)]


async def test_no_span_names_the_stream() -> None:
    traced = Traced()
    await answered(traced, Home(), [some_features(0, REGION), some_features(1, REGION)])
    said = [json.loads(s.to_json()) for name in ("analyze", "queue", "cache") for s in traced.spans(name)]
    assert said
    assert STREAM not in json.dumps(said)
