"""How much noise a guarantee needs: against known values, and against the definition itself."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from feature_node.errors import BadNoise
from feature_node.release.calibration import (
    cost_of,
    gaussian_delta,
    gaussian_sigma,
    joint_of,
    laplace_scale,
    lie,
)
from feature_node.release.mechanism import Cost
from models.manifest import NoiseSpec

epsilons = st.floats(1e-3, 3000)


def test_the_published_scale() -> None:
    """Lap(2B/ε) of Ryu et al., whose sensitivity is 2B."""
    assert laplace_scale(2 * 10.0, 200.0) == 0.1


def test_the_published_epsilon_is_three_million_jointly() -> None:
    assert joint_of(200.0, 16 * 16 * 64) == 3_276_800


@pytest.mark.parametrize(
    ("epsilon", "delta", "sigma"),
    [(1.0, 1e-5, 3.730632), (0.5, 1e-5, 7.031827), (8.0, 1e-5, 0.600229), (1.0, 1e-6, 4.224679)],
)
def test_the_analytic_calibration_gives_its_known_values(epsilon, delta, sigma) -> None:
    assert gaussian_sigma(1.0, epsilon, delta) == pytest.approx(sigma, rel=1e-5)
    assert gaussian_sigma(7.5, epsilon, delta) == pytest.approx(7.5 * sigma, rel=1e-5)


@given(st.floats(1e-3, 50), st.floats(1e-12, 0.5))
def test_it_is_enough_noise_and_no_more_than_that(epsilon: float, delta: float) -> None:
    sigma = gaussian_sigma(1.0, epsilon, delta)

    def exact(scale: float) -> float:
        """Theorem 8 as it stands, by another library; its terms cancel where delta is small."""
        a, b = 0.5 / scale - epsilon * scale, 0.5 / scale + epsilon * scale
        return float(norm.cdf(a) - math.exp(epsilon + norm.logcdf(-b)))

    assert exact(sigma) <= delta * (1 + 1e-6) + 1e-15
    assert exact(0.99 * sigma) >= delta - 1e-15


@given(epsilons, st.floats(1e-3, 1e3))
def test_delta_is_a_probability_at_every_amount(epsilon: float, sigma: float) -> None:
    assert 0.0 <= gaussian_delta(sigma, epsilon) <= 1.0


def test_a_huge_epsilon_overflows_nothing() -> None:
    assert 0 < gaussian_sigma(1.0, 3e6, 1e-5) < 1e-3
    assert 0.0 <= lie(3e6, 10) < 1e-300


@pytest.mark.parametrize(("epsilon", "kept"), [(5.0, 0.9428), (8.0, 0.9970)])
def test_a_response_on_ten_labels_is_kept_as_often_as_it_must_be(epsilon: float, kept: float) -> None:
    assert 1 - lie(epsilon, 10) == pytest.approx(kept, abs=5e-4)


@given(epsilons.filter(lambda e: e < 30), st.integers(2, 4096))
def test_a_response_keeps_to_its_ratio(epsilon: float, words: int) -> None:
    lied = lie(epsilon, words)
    assert math.log((1 - lied) / (lied / (words - 1))) == pytest.approx(epsilon, rel=1e-3)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_an_amount_that_promises_nothing_is_refused(bad: float) -> None:
    for made in (
        lambda: laplace_scale(1.0, bad),
        lambda: laplace_scale(bad, 1.0),
        lambda: gaussian_sigma(1.0, bad, 1e-5),
        lambda: gaussian_sigma(bad, 1.0, 1e-5),
        lambda: gaussian_sigma(1.0, 1.0, bad),
        lambda: lie(bad, 2),
    ):
        with pytest.raises(BadNoise, match=rf"{bad!r} is not a finite number above zero"):
            made()
    with pytest.raises(BadNoise, match=r"delta 1\.0 is not under 1"):
        gaussian_sigma(1.0, 1.0, 1.0)


def test_what_a_manifest_promises_is_told_without_making_any_noise() -> None:
    published = NoiseSpec(mechanism="laplace", bound=1.0, epsilon_per_coordinate=2.0)
    assert cost_of(published, 8) == Cost(epsilon_per_coordinate=2.0, epsilon_joint=16.0)
    joint = NoiseSpec(mechanism="gaussian-l2", bound=1.0, epsilon_joint=8.0, delta=1e-5)
    assert cost_of(joint, 8) == Cost(epsilon_per_coordinate=8.0, epsilon_joint=8.0, delta=1e-5)
