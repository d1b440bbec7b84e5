"""A helper keeps what fits, drops the oldest, and refuses weights that are not what their name says."""

import msgspec
import numpy as np

from broker.helpers import HelperWeights
from feature_node.distributed.graph import cut_network
from feature_node.distributed.helper import MAX_REMEMBERED, Helper
from feature_node.distributed.segment import slice_for, work_for
from tests.unit.feature_node.distributed.networks import plain


def weights(*maps: int) -> HelperWeights:
    return slice_for("h1", cut_network(plain()).layers[0], maps)


def work(for_: HelperWeights, count: int | None = None) -> object:
    count = for_.maps if count is None else count
    return work_for(for_, np.ones((1, count, 8, 8), np.float32), run=1, task=2)


def test_work_is_answered_under_its_own_name() -> None:
    helper, mine = Helper("h1", 10_000), weights(0, 2)
    assert helper.keep(mine) == ""
    partial = helper.answer(work(mine))
    assert (partial.helper, partial.run, partial.task, partial.digest) == ("h1", 1, 2, mine.digest)
    assert partial.sums[0].shape == (1, 4, 8, 8)


def test_weights_that_are_not_what_their_name_says_are_refused() -> None:
    helper, mine = Helper("h1", 10_000), weights(0)
    forged = msgspec.structs.replace(mine, digest=weights(1).digest)
    assert helper.keep(forged) == "wrong-weights"
    assert helper.answer(work(forged)).refused == "wrong-weights"
    assert helper.kept_bytes == 0
    assert helper.keep(weights(1)) == ""
    assert not helper.answer(work(weights(1))).refused


def test_the_least_used_make_room() -> None:
    size = weights(0).size_bytes
    helper = Helper("h1", 2 * size)
    helper.keep(weights(0))
    helper.keep(weights(1))
    helper.answer(work(weights(0)))
    helper.keep(weights(2))
    assert helper.kept_bytes == 2 * size
    assert not helper.answer(work(weights(0))).refused
    assert helper.answer(work(weights(1))).refused == "no-weights"


def test_weights_over_the_memory_are_refused() -> None:
    helper = Helper("h1", 10)
    assert helper.keep(weights(0)) == "no-memory"
    assert helper.answer(work(weights(0))).refused == "no-memory"


def test_maps_of_another_shape_are_refused() -> None:
    helper, mine = Helper("h1", 10_000), weights(0, 1)
    helper.keep(mine)
    assert helper.answer(work(mine, 3)).refused == "wrong-shape"


def test_what_was_refused_is_remembered_within_bounds() -> None:
    helper = Helper("h1", 10)
    for number in range(2 * MAX_REMEMBERED):
        helper.keep(msgspec.structs.replace(weights(0), digest=number.to_bytes(32, "big")))
    assert helper.answer(work(msgspec.structs.replace(weights(0), digest=bytes(32)))).refused == "no-weights"
