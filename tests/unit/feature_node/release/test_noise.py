"""What noise does to numbers: by how much, on which grid, and to what it refuses to do it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_node.errors import BadNoise
from feature_node.release.bounds import ClipNorm
from feature_node.release.mechanism import Cost
from feature_node.release.noise import GaussianJoint, LaplaceJoint, LaplacePerCoordinate, whole_steps
from feature_node.release.samplers import SeededSamplers
from models.errors import BadNumbers
from models.manifest import OutputSpec

OUTPUT = OutputSpec("int8", (4,), 4.0, 4.0 / 127)
ZEROS = np.zeros((1, 4), np.float32)
SEED = 5


def laplace(**changes: float) -> LaplaceJoint:
    amounts = {"bound": 3.0, "epsilon_joint": 8.0} | changes
    return LaplaceJoint(**amounts, output=OUTPUT, samplers=SeededSamplers(SEED))


def gaussian(**changes: float) -> GaussianJoint:
    amounts = {"bound": 3.0, "epsilon_joint": 8.0, "delta": 1e-5} | changes
    return GaussianJoint(**amounts, output=OUTPUT, samplers=SeededSamplers(SEED))


def published(**changes: float) -> LaplacePerCoordinate:
    amounts = {"bound": 3.0, "epsilon_per_coordinate": 2.0} | changes
    return LaplacePerCoordinate(**amounts, numbers=4, samplers=SeededSamplers(SEED))


MADE = [laplace, gaussian, published]


def test_each_costs_what_it_promises() -> None:
    assert laplace().cost == Cost(epsilon_per_coordinate=8.0, epsilon_joint=8.0)
    assert gaussian().cost == Cost(epsilon_per_coordinate=8.0, epsilon_joint=8.0, delta=1e-5)
    assert published().cost == Cost(epsilon_per_coordinate=2.0, epsilon_joint=8.0)


def test_the_noise_is_of_the_scale_that_the_bound_asks_for() -> None:
    """2B/ε as published; jointly the same with the bound in whole steps: 3 is 95.25 of them."""
    (event,) = published().apply(ZEROS)[1]
    assert (event.name, event.noise_scale) == ("laplace-per-coordinate", 2 * 3.0 / 2.0)
    (event,) = laplace().apply(ZEROS)[1]
    assert (event.name, event.noise_scale) == ("laplace", pytest.approx(2 * 95 / 8.0 * OUTPUT.scale))
    (event,) = gaussian().apply(ZEROS)[1]
    sensitivity = 2 * math.sqrt(math.floor(95.25**2))
    assert (event.name, event.noise_scale) == (
        "gaussian",
        pytest.approx(0.600229 * sensitivity * OUTPUT.scale, rel=1e-5),
    )


@pytest.mark.parametrize("make", MADE)
def test_another_joint_amount_is_other_noise_of_the_same_kind(make) -> None:
    other = make().at(0.5)
    assert other.name == make().name
    assert other.cost.epsilon_joint == pytest.approx(0.5)
    assert other.cost.delta == make().cost.delta
    many = np.zeros((2000, 4), np.float32)
    assert np.abs(other.apply(many)[0]).mean() > 2 * np.abs(make().apply(many)[0]).mean()
    with pytest.raises(BadNoise, match=r"epsilon_joint 0\.0 is not"):
        make().at(0.0)


@pytest.mark.parametrize("make", MADE)
def test_each_draw_is_fresh(make) -> None:
    made = make()
    assert not np.array_equal(made.apply(ZEROS)[0], made.apply(ZEROS)[0])
    two, _ = made.apply(np.zeros((2, 4), np.float32))
    assert not np.array_equal(two[0], two[1])


@pytest.mark.parametrize("make", [laplace, gaussian])
@given(numbers=hnp.arrays(np.float32, (3, 4), elements=st.floats(-1, 1, width=32)))
def test_what_leaves_jointly_private_noise_is_on_the_grid(make, numbers) -> None:
    bounded, _ = ClipNorm("l1" if make is laplace else "l2", 3.0, OUTPUT).apply(numbers)
    noisy, _ = make().apply(bounded)
    steps = np.rint(noisy.astype(float) / OUTPUT.scale)
    assert np.array_equal(noisy, (steps * OUTPUT.scale).astype(np.float32))


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(0, 4), st.integers(1, 6)), elements=st.floats(-9, 9)),
    st.integers(1, 127),
)
def test_whole_steps_never_have_a_larger_norm(rows, most) -> None:
    for power in (1, 2):
        norms = (np.abs(rows) ** power).sum(axis=1) ** (1 / power)
        bounded = rows / np.maximum(1.0, norms / (most * 0.03))[:, None]
        steps = whole_steps(bounded, 0.03, power=power, most=most**power)
        assert (np.abs(steps) ** power).sum(axis=1).max(initial=0) <= most**power
        assert np.abs(steps - np.trunc(bounded / 0.03)).max(initial=0) <= 1


def test_a_rounding_over_the_bound_comes_off_the_largest_number() -> None:
    rows = np.array([[2.0, -3.0, 1.0], [1.0, 1.0, 1.0]])
    assert whole_steps(rows, 1.0, power=1, most=5).tolist() == [[2, -2, 1], [1, 1, 1]]
    assert whole_steps(rows, 1.0, power=2, most=13).tolist() == [[2, -2, 1], [1, 1, 1]]


@pytest.mark.parametrize("make", MADE)
def test_numbers_that_were_not_bounded_first_are_refused(make) -> None:
    far = np.full((2, 4), 3.1, np.float32)
    with pytest.raises(BadNumbers, match="over the bound 3"):
        make().apply(far)
    with pytest.raises(BadNumbers):
        make().apply(np.full((1, 4), np.nan, np.float32))


@pytest.mark.parametrize("bad", [0.0, -2.0, math.nan, math.inf])
@pytest.mark.parametrize(
    ("make", "amount"),
    [
        (laplace, "bound"),
        (laplace, "epsilon_joint"),
        (gaussian, "bound"),
        (gaussian, "epsilon_joint"),
        (gaussian, "delta"),
        (published, "bound"),
        (published, "epsilon_per_coordinate"),
    ],
)
def test_noise_that_would_promise_nothing_is_not_made(make, amount, bad) -> None:
    with pytest.raises(BadNoise, match=f"{amount} .*{bad!r} is not a finite number above zero"):
        make(**{amount: bad})


def test_a_bound_under_one_step_says_nothing_and_is_refused() -> None:
    for make in (laplace, gaussian):
        with pytest.raises(BadNoise, match="bound in steps 0"):
            make(bound=0.03)


def test_no_regions_are_no_regions() -> None:
    for make in MADE:
        noisy, _ = make().apply(np.zeros((0, 4), np.float32))
        assert noisy.shape == (0, 4)
