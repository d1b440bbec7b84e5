"""Every question gets exactly one answer of its own size, whatever it holds and however the store is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_node.analysis import Analysis, Answered
from analyzer_node.breaker import Breaker
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.keys import answer_key
from analyzer_node.networks import NetworkThread
from analyzer_node.tally import Counts
from broker.features import Features
from broker.results import RegionAnswer
from tests.unit.analyzer_node.parts import (
    BUNDLE,
    NOW_NS,
    OTHER_STREAM,
    PICTURES,
    POISON,
    STREAM,
    BreakableStore,
    WatchedNetwork,
    delivered,
    expected_answer,
    some_features,
)

ONE, TWO = b"region-1", b"region-2"


class Bench:
    def __init__(self, store: BreakableStore, max_batch: int) -> None:
        self.network = WatchedNetwork()
        self.store = store
        self.guarded = GuardedStore(store, Breaker())
        self.tally = Counts()
        self.thread = NetworkThread(max_batch=max_batch, tally=self.tally)
        self.analysis = Analysis(
            self.network.networks, self.thread, self.guarded, self.tally, lambda: NOW_NS + 5
        )

    async def answer(self, *questions: Features) -> Answered:
        answered = await self.analysis.answer([delivered(question) for question in questions])
        await self.guarded.remember(answered.fresh, answered.results)
        return answered


@asynccontextmanager
async def a_bench(store: BreakableStore | None = None, max_batch: int = 64) -> AsyncIterator[Bench]:
    bench = Bench(store or BreakableStore(), max_batch)
    async with bench.thread:
        yield bench


payloads = st.one_of(st.just(POISON), st.binary(min_size=8, max_size=8))
embeddings = st.builds(
    lambda sequence, stream, bundle, regions: some_features(sequence, *regions, stream=stream, bundle=bundle),
    st.integers(0, 3),
    st.sampled_from([STREAM, OTHER_STREAM]),
    st.sampled_from([BUNDLE, "aaaaaaaaaaaaaaaa", PICTURES]),
    st.one_of(st.lists(payloads, max_size=4), st.lists(st.binary(min_size=5, max_size=5), max_size=2)),
)
pictures = st.builds(
    lambda jpeg, bundle: some_features(0, jpeg, kind="picture", bundle=bundle),
    st.binary(min_size=1, max_size=20),
    st.sampled_from([PICTURES, BUNDLE]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(embeddings, pictures), max_size=8), st.integers(1, 5), st.booleans())
async def test_every_question_gets_one_answer_of_its_size_or_a_refusal(
    questions: list[Features], max_batch: int, store_is_down: bool
) -> None:
    async with a_bench(BreakableStore("timeout" if store_is_down else ""), max_batch) as bench:
        results = (await bench.answer(*questions)).results
    assert len(results) == len(questions)
    for question, result in zip(questions, results, strict=True):
        asked = (question.stream, question.run, question.sequence, question.bundle)
        assert (result.stream, result.run, result.sequence, result.bundle) == asked
        if not result.refused:
            assert result.regions == tuple(expected_answer(region) for region in question.regions)
        else:
            assert result.regions == ()
        wrong_length = any(len(region) != 8 for region in question.regions) and question.kind == "embedding"
        wrong = question.kind != {BUNDLE: "embedding", PICTURES: "picture"}.get(question.bundle)
        assert bool(result.refused) == (wrong or wrong_length or POISON in question.regions)


async def test_a_known_region_is_answered_from_the_store_without_the_network() -> None:
    async with a_bench() as bench:
        first = (await bench.answer(some_features(0, ONE, TWO))).results[0]
        second = (await bench.answer(some_features(1, TWO, ONE, ONE))).results[0]
    assert (first.cached, second.cached) == (0, 3)
    assert second.regions == (first.regions[1], first.regions[0], first.regions[0])
    assert bench.network.calls == [[ONE, TWO]]
    assert +bench.tally.lookups == {"hit": 2, "miss": 2}


async def test_equal_regions_of_one_batch_are_computed_once() -> None:
    async with a_bench() as bench:
        await bench.answer(some_features(0, ONE), some_features(0, ONE, stream=OTHER_STREAM))
    assert bench.network.calls == [[ONE]]


async def test_a_repeated_question_is_answered_again_but_remembered_once() -> None:
    async with a_bench() as bench:
        first = (await bench.answer(some_features(4, ONE))).results
        again = (await bench.answer(some_features(4, ONE))).results
        history = await bench.store.history(STREAM, 10)
    assert again[0].regions == first[0].regions
    assert [result.sequence for result in history] == [4]


async def test_one_bad_payload_is_refused_and_its_batch_is_answered() -> None:
    questions = [some_features(n, bytes([n]) * 8) for n in range(9)] + [some_features(9, POISON)]
    async with a_bench() as bench:
        results = (await bench.answer(*questions)).results
    assert [result.refused for result in results] == [""] * 9 + ["bad-payload"]


async def test_a_broken_network_refuses_and_recovers() -> None:
    async with a_bench() as bench:
        bench.network.broken = True
        refused = (await bench.answer(some_features(0, ONE))).results[0]
        bench.network.broken = False
        answered = (await bench.answer(some_features(0, ONE))).results[0]
    assert refused.refused == "analyzer-failed"
    assert answered.regions == (expected_answer(ONE),)


async def test_no_region_needs_no_network() -> None:
    async with a_bench() as bench:
        result = (await bench.answer(some_features(0))).results[0]
    assert (result.refused, result.regions, bench.network.calls) == ("", (), [])


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (some_features(0, ONE, bundle="aaaaaaaaaaaaaaaa"), "unknown-bundle"),
        (some_features(0, ONE, bundle=PICTURES), "wrong-kind"),
        (some_features(0, b"short"), "wrong-length"),
    ],
)
async def test_what_cannot_be_answered_says_why(question: Features, reason: str) -> None:
    async with a_bench() as bench:
        answered = await bench.answer(question)
    assert answered.results[0].refused == reason
    assert answered.fresh == {}
    assert bench.network.calls == []


async def test_a_remembered_label_that_the_bundle_does_not_know_counts_as_absent() -> None:
    async with a_bench() as bench:
        await bench.store.remember({answer_key(BUNDLE, "embedding", ONE): RegionAnswer("cat", 1.0)}, [])
        result = (await bench.answer(some_features(0, ONE))).results[0]
    assert (result.cached, result.regions) == (0, (expected_answer(ONE),))


async def test_with_the_store_down_answers_are_the_same_and_the_store_is_left_alone() -> None:
    store = BreakableStore()
    async with a_bench(store) as bench:
        with_store = (await bench.answer(some_features(0, ONE))).results[0]
        store.down = "timeout"
        without = [(await bench.answer(some_features(n, ONE))).results[0] for n in range(20)]
    assert {result.regions for result in without} == {with_store.regions}
    assert store.asked == 2 + 1
    assert +bench.tally.lookups == {"miss": 1, "skipped": 20}
    assert bench.guarded.trouble == "store-timeout"


async def test_a_large_batch_reaches_the_network_in_bounded_parts() -> None:
    regions = [bytes([n]) * 8 for n in range(10)]
    async with a_bench(max_batch=4) as bench:
        await bench.answer(some_features(0, *regions))
    assert [len(call) for call in bench.network.calls] == [4, 4, 2]
