"""Layers over helpers: equal to the whole network, or nothing; helpers that are late, gone, lie or return."""

import math

import msgspec
import numpy as np
import pytest
from prometheus_client import REGISTRY

from broker.helpers import HelperPartial, HelperWork, Sum, decode_weights
from feature_node.distributed.coordinator import most_at_once
from feature_node.distributed.graph import cut_network
from feature_node.distributed.helper import Helper
from feature_node.errors import BadSettings, HelpersLate, NoPlacement
from tests.unit.feature_node.distributed.networks import pictures, residual, whole
from tests.unit.feature_node.distributed.site import FakeHelper, Site, site

TOLERANCE = 1e-4


async def right(made: Site, n: int = 2, seed: int = 12) -> None:
    """Assert that the embeddings are those of the whole network."""
    batch = pictures(n, seed)
    answer = await made.spread.run(batch)
    assert np.abs(answer - whole(made.model, batch)).max() < TOLERANCE


def holder(made: Site) -> str:
    """Name a helper that holds something: not all are needed where messages are dear."""
    assert made.spread.report is not None
    return next(name for name, helper in made.spread.report.helpers.items() if helper.maps)


async def test_it_gives_what_the_whole_network_gives(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=5, share=4) as made:
        for n in (1, 3):
            await right(made, n)
        report = made.spread.report
        assert report is not None
        assert [layer.maps for layer in report.layers] == [6, 8, 8, 8]
        assert all(layer.most_seen <= layer.cap == 4 for layer in report.layers)
        assert all(helper.received_bytes > 0 for helper in report.helpers.values() if helper.maps)
        assert 0 < report.messages_ms < report.expected_ms


async def test_a_dead_helper_is_replaced_and_no_other_sees_more_than_its_cap(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=4, share=3) as made:
        await right(made)
        await made.helpers["h1"].stop()
        await right(made)
        report = made.spread.report
        assert report is not None
        assert all(layer.most_seen <= 3 for layer in report.layers)


async def test_without_helpers_that_may_see_the_rest_the_frame_is_dropped(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=4, share=2) as made:
        await right(made)
        await made.helpers["h1"].stop()
        with pytest.raises(NoPlacement, match="3 helpers are there"):
            await made.spread.run(pictures(1, 12))
        await made.helpers["h1"].start()
        await made.present(4)
        await right(made)
        assert {layer.most_seen for layer in made.spread.report.layers} == {2}


async def test_a_helper_that_is_silent_is_replaced_within_the_deadline(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=4, share=4, deadline_ms=800) as made:
        name = holder(made)
        made.helpers[name].answering = lambda *_: None
        await right(made)
        assert made.spread.report is not None
        assert not made.spread.report.helpers[name].working


async def test_when_all_are_silent_the_frame_is_dropped_in_time(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=3, deadline_ms=300) as made:
        for helper in made.helpers.values():
            helper.answering = lambda *_: None
        with pytest.raises((HelpersLate, NoPlacement)):
            await made.spread.run(pictures(1, 12))


def lying(change) -> object:
    def answer(helper: Helper, work: HelperWork) -> HelperPartial | None:
        honest = helper.answer(work)
        return change(honest) if honest.sums else honest

    return answer


def other_shape(partial: HelperPartial) -> HelperPartial:
    n, maps, rows, columns = partial.sums[0].shape
    turned = Sum((n, rows * maps, 1, columns), partial.sums[0].values)
    return msgspec.structs.replace(partial, sums=(turned, *partial.sums[1:]))


def no_number(partial: HelperPartial) -> HelperPartial:
    shape = partial.sums[0].shape
    values = np.full(shape, math.nan, "<f4").tobytes()
    return msgspec.structs.replace(partial, sums=(Sum(shape, values), *partial.sums[1:]))


@pytest.mark.parametrize(
    "change",
    [
        other_shape,
        no_number,
        lambda partial: msgspec.structs.replace(partial, digest=bytes(32)),
        lambda partial: msgspec.structs.replace(partial, sums=(*partial.sums, partial.sums[0])),
        lambda partial: msgspec.structs.replace(partial, sums=(), refused="no-memory"),
    ],
    ids=["shape", "not-finite", "other-weights", "one-more", "refusal"],
)
async def test_an_answer_that_does_not_fit_is_never_used(tmp_path, change) -> None:
    async with site(residual(), tmp_path, helpers=4, share=4, deadline_ms=800) as made:
        name = holder(made)
        made.helpers[name].answering = lying(change)
        await right(made)
        assert not made.spread.report.helpers[name].working


async def test_answers_to_what_was_not_asked_are_counted_and_not_used(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=4, share=4, deadline_ms=800) as made:
        await right(made)
        thief = made.helpers[holder(made)]

        def echo(helper: Helper, work: HelperWork) -> HelperPartial:
            honest = helper.answer(work)
            return msgspec.structs.replace(honest, task=work.task + 1000)

        before = unexpected()
        thief.answering = echo
        await right(made)
        assert unexpected() > before


def unexpected() -> float:
    return (
        REGISTRY.get_sample_value("penumbra_helper_partials_refused_total", {"reason": "unexpected"}) or 0.0
    )


async def test_dropped_weights_are_given_again(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=3) as made:
        await right(made)
        for helper in made.helpers.values():
            helper.core = Helper(helper.name, 2**20)
        await right(made)


async def test_a_helper_that_joins_stands_in_for_one_that_dies(tmp_path) -> None:
    # Three may see nine maps of a layer of eight: all of them are needed, and so is a stand-in.
    async with site(residual(), tmp_path, helpers=3, share=3) as made:
        await right(made)
        late = made.helpers["h9"] = FakeHelper(made.broker, "h9")
        await late.start()
        await made.present(4)
        await right(made)
        before, seen = weights_given(made), seen_by_survivors(made)
        await made.helpers["h1"].stop()
        await right(made)
        assert any(any(work.digest) for work in late.worked), "it was asked for more than its pace"
        assert all(layer.most_seen <= 3 for layer in made.spread.report.layers)
        # Who survived and was given no more maps of a layer keeps its weights of it.
        more = sum(maps != seen[key] for key, maps in seen_by_survivors(made).items())
        given = [name for name, _ in weights_given(made) - before if name != "h9"]
        assert len(given) <= more < len(seen)


def weights_given(made: Site) -> set[tuple[str, bytes]]:
    """Which slices of weights were sent to whom."""
    sent = [decode_weights(data) for path, data in made.broker.published if path.endswith("/weights")]
    return {(weights.helper, weights.digest) for weights in sent}


def seen_by_survivors(made: Site) -> dict[tuple[int, str], frozenset[int]]:
    layers = range(len(made.planner.network.layers) - 2)
    return {(k, name): made.planner.seen(k).get(name, frozenset()) for k in layers for name in ("h0", "h2")}


async def test_a_new_edge_remembers_what_helpers_have_seen(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=4, share=2) as made:
        before = made.spread.report
        await right(made)
    async with site(residual(), tmp_path, helpers=4, share=2) as made:
        await right(made)
        assert made.spread.report.layers == before.layers


async def test_nobody_helps_nothing_leaves(tmp_path) -> None:
    async with site(residual(), tmp_path, helpers=0) as made:
        with pytest.raises(NoPlacement, match="helpers are there"):
            await made.spread.run(pictures(1, 12))
        assert made.spread.report is None


def test_maps_that_no_message_holds_are_refused_before_a_frame() -> None:
    cut = cut_network(residual())
    assert most_at_once(cut) > 1000
    huge = msgspec.structs.replace(cut.layers[0], rows=4096, columns=4096)
    with pytest.raises(BadSettings, match="a message holds"):
        most_at_once(msgspec.structs.replace(cut, layers=(huge,)))
