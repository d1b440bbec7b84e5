"""No region leaves a bound with a larger norm, none inside is moved, and none that is no number passes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_node.errors import BadNoise, NoJointGuarantee
from feature_node.release.bounds import ClipCoordinates, ClipNorm, Norm
from feature_node.release.mechanism import Cost, Event
from models.errors import BadNumbers
from models.manifest import OutputSpec

OUTPUT = OutputSpec("int8", (2, 3), 4.0, 4 / 127)
BOUNDS: list[tuple[Norm, float]] = [("inf", np.inf), ("l1", 1), ("l2", 2)]
NORMS = [norm for norm, _ in BOUNDS]
regions = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 4), st.just(2), st.just(3)),
    elements=st.floats(-(2.0**120), 2.0**120, width=32),
)


@given(regions, st.floats(0.01, 10))
def test_no_norm_is_over_the_bound_and_directions_stay(numbers, bound) -> None:
    for norm, order in BOUNDS:
        clipped, _ = ClipNorm(norm, bound, OUTPUT).apply(numbers)
        assert clipped.shape == numbers.shape
        assert clipped.dtype == np.float32
        for before, after in zip(numbers.reshape(-1, 6), clipped.reshape(-1, 6).astype(float), strict=True):
            size = float(np.linalg.norm(before.astype(float), order))
            assert np.linalg.norm(after, order) <= min(size, bound) * (1 + 1e-6) + 1e-30
            assert after == pytest.approx(before.astype(float) / max(1.0, size / bound), rel=1e-5, abs=1e-30)


@pytest.mark.parametrize("norm", NORMS)
def test_it_says_what_it_bounded_and_promises_nothing_by_itself(norm) -> None:
    made = ClipNorm(norm, 1.5, OUTPUT)
    inside = np.full((1, 2, 3), 0.2, np.float32)
    kept, events = made.apply(inside)
    assert np.array_equal(kept, inside)
    assert events == (Event(name=f"clip-{norm}", bound=1.5),)
    assert made.cost == Cost()
    with pytest.raises(NoJointGuarantee, match=f"clip-{norm}"):
        made.at(1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_does_not_pass(bad) -> None:
    numbers = np.zeros((2, 2, 3), np.float32)
    numbers[1, 0, 2] = bad
    for step in (ClipCoordinates(OUTPUT), *(ClipNorm(norm, 1.0, OUTPUT) for norm in NORMS)):
        with pytest.raises(BadNumbers, match="NaN or infinite"):
            step.apply(numbers)
        with pytest.raises(BadNumbers, match="shape"):
            step.apply(np.zeros((2, 3, 2), np.float32))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("norm", NORMS)
def test_a_bound_that_bounds_nothing_is_refused(norm, bad) -> None:
    with pytest.raises(BadNoise, match=r"bound .* is not a finite number above zero"):
        ClipNorm(norm, bad, OUTPUT)
