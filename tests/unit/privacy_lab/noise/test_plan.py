"""A recipe's noise is fitted to what is released, and refused where it cannot be."""

import numpy as np
import pytest

from models.manifest import OutputSpec
from privacy_lab.errors import BadRecipe
from privacy_lab.noise.plan import NoisePlan, finer, fit

OUTPUT = OutputSpec("int8", (2,), 0.7, 0.1)
NUMBERS = np.array([[0.7, 0.7]] * 3 + [[-0.7, 0.0]] * 5 + [[0.7, 0.0]] * 4 + [[0.0, 0.1]], np.float32)
LABELS = np.array([1] * 3 + [0] * 5 + [0] * 4 + [1])


def test_each_label_has_the_word_in_the_middle_of_what_it_releases() -> None:
    spec = fit(NoisePlan(mechanism="response", epsilon_joint=2.0), NUMBERS, LABELS, OUTPUT, 2)
    assert spec.codebook == ((-1, 0), (5, 5))


def test_a_word_is_bounded_as_what_is_released() -> None:
    spec = fit(NoisePlan(mechanism="response", epsilon_joint=2.0), 100 * NUMBERS, LABELS, OUTPUT, 2)
    assert np.abs(spec.codebook).max() <= 7


@pytest.mark.parametrize(("mechanism", "bound"), [("laplace-l1", 0.7), ("gaussian-l2", 0.7)])
def test_the_bound_is_the_median_norm(mechanism: str, bound: float) -> None:
    delta = 1e-5 if mechanism == "gaussian-l2" else None
    plan = NoisePlan(mechanism=mechanism, epsilon_joint=1.0, delta=delta)  # type: ignore[arg-type]
    assert fit(plan, NUMBERS, LABELS, OUTPUT, 2).bound == pytest.approx(bound)


def test_nothing_is_bounded_beyond_what_is_stored() -> None:
    far = fit(NoisePlan(mechanism="laplace-l1", epsilon_joint=1.0), 9 * NUMBERS, LABELS, OUTPUT, 2)
    assert far.bound == OUTPUT.clip


@pytest.mark.parametrize(
    ("plan", "match"),
    [
        (NoisePlan(mechanism="response", epsilon_joint=0.0), "epsilon_joint"),
        (NoisePlan(mechanism="laplace-l1", epsilon_per_coordinate=1.0), "epsilon_per_coordinate"),
        (NoisePlan(mechanism="gaussian-l2", epsilon_joint=1.0), "delta"),
        (NoisePlan(mechanism="laplace-l1", epsilon_joint=1.0, nullified=1.0), "nullified"),
    ],
)
def test_a_plan_that_promises_nothing_is_refused(plan: NoisePlan, match: str) -> None:
    with pytest.raises(BadRecipe, match=match):
        fit(plan, NUMBERS, LABELS, OUTPUT, 2)


def test_what_is_all_alike_leaves_nothing_to_confuse() -> None:
    with pytest.raises(BadRecipe, match="codebook"):
        fit(NoisePlan(mechanism="response", epsilon_joint=1.0), 0 * NUMBERS, LABELS, OUTPUT, 2)
    with pytest.raises(BadRecipe, match="bound"):
        fit(NoisePlan(mechanism="laplace-l1", epsilon_joint=1.0), 0 * NUMBERS, LABELS, OUTPUT, 2)


def test_a_label_that_nothing_shows_has_no_word() -> None:
    with pytest.raises(BadRecipe, match="label 2"):
        fit(NoisePlan(mechanism="response", epsilon_joint=1.0), NUMBERS, LABELS, OUTPUT, 3)


def test_words_stand_on_the_finest_grid() -> None:
    assert finer(OUTPUT) == OutputSpec("int8", (2,), 0.7, 0.7 / 127)
    floats = OutputSpec("float32", (2,), 0.7, 1.0)
    assert finer(floats) == floats
