"""Exactly ⌈N·μ⌉ entries of each picture are zero, others for each, and the rest is untouched."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_node.errors import BadNoise
from feature_node.release.nullify import mask_of, nullified

SHAPE = (3, 5, 4)
N = math.prod(SHAPE)


def pictures(count: int) -> np.ndarray:
    return (np.random.default_rng(0).random((count, *SHAPE)) + 1).astype(np.float32)


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 3))
def test_so_many_entries_are_zero_in_each(mu: float, count: int) -> None:
    before = pictures(count)
    untouched = before.copy()
    after = nullified(before, mu)
    assert np.array_equal(before, untouched)
    zero = (after == 0).reshape(count, N)
    assert (zero.sum(axis=1) == math.ceil(N * mu - 1e-9)).all()
    assert np.array_equal(after.reshape(count, N)[~zero], before.reshape(count, N)[~zero])


def test_a_share_that_is_a_whole_number_of_entries_is_not_one_more() -> None:
    assert int((nullified(pictures(1), 0.05) == 0).sum()) == 3
    assert int((nullified(pictures(1), 0.15) == 0).sum()) == 9


def test_every_entry_is_chosen_alike_and_anew_for_each_picture() -> None:
    """Each of 60 entries in 3000 pictures with probability 0.2: six deviations are a probability of 1e-7."""
    zero = (nullified(pictures(3000), 0.2) == 0).reshape(3000, N)
    share = zero.mean(axis=0)
    assert np.abs(share - 0.2).max() < 6 * math.sqrt(0.2 * 0.8 / 3000)
    assert len({row.tobytes() for row in zero}) > 2990


@pytest.mark.parametrize("mu", [1.0, -0.1, math.nan, math.inf])
def test_a_share_out_of_bounds_is_refused(mu: float) -> None:
    with pytest.raises(BadNoise, match="nullified"):
        nullified(pictures(1), mu)


def test_nothing_is_done_where_nothing_is_asked_for() -> None:
    assert mask_of(0.0) is None
    mask = mask_of(0.5)
    assert mask is not None
    assert int((mask(pictures(1)) == 0).sum()) == N // 2
