"""The guarantee itself: no test of two neighbours proves more than what is claimed, and a fault is proven.

Each claim is tested on what leaves, payloads, with the samplers that a node uses. A false alarm of one such
test has a probability of 1e-7.
"""

import math

import numpy as np
import pytest

from feature_node.release.chains import chain_of
from feature_node.release.mechanism import Mechanism
from feature_node.release.samplers import SystemSamplers
from models.manifest import NoiseSpec, OutputSpec
from tests.unit.feature_node.release.auditing import proven_epsilon

DRAWS = 20_000
B = 3.0
EPSILON = 1.5


def output(numbers: int) -> OutputSpec:
    return OutputSpec("int8", (numbers,), 4.0, 4.0 / 127)


def neighbours(numbers: int) -> tuple[np.ndarray, np.ndarray]:
    """As far apart as two regions can be: one number says everything, and the opposite."""
    one = np.zeros((1, numbers), np.float32)
    one[0, 0] = B
    return one, -one


def draws(mechanism: Mechanism, numbers: np.ndarray, count: int = DRAWS) -> np.ndarray:
    """What leaves of the same region, count times: its first number."""
    stored, _ = mechanism.apply(np.repeat(numbers, count, axis=0))
    return stored.view(np.int8)[:, 0].astype(np.int64)


def proven(mechanism: Mechanism, numbers: int) -> float:
    one, other = neighbours(numbers)
    return proven_epsilon(draws(mechanism, one), draws(mechanism, other), mechanism.cost.delta or 0.0)


def spec(mechanism: str, epsilon: float = EPSILON) -> NoiseSpec:
    match mechanism:
        case "laplace":
            return NoiseSpec(mechanism="laplace", bound=B, epsilon_per_coordinate=epsilon)
        case "laplace-l1":
            return NoiseSpec(mechanism="laplace-l1", bound=B, epsilon_joint=epsilon)
        case "gaussian-l2":
            return NoiseSpec(mechanism="gaussian-l2", bound=B, epsilon_joint=epsilon, delta=0.01)
    raise AssertionError(mechanism)


class WeakSamplers:
    """A fault: half of the noise that was asked for."""

    def __init__(self):
        self._sound = SystemSamplers()
        self.entropy = self._sound.entropy

    def integers(self, family, scale, numbers):
        return self._sound.integers(family, scale / 2, numbers)

    def reals(self, scale):
        return self._sound.reals(scale / 2)


# 2 numbers come from OpenDP, 17 from the inverse transform.
@pytest.mark.parametrize("numbers", [2, 17])
@pytest.mark.parametrize("mechanism", ["laplace", "laplace-l1", "gaussian-l2"])
def test_no_more_is_given_away_than_is_claimed(mechanism: str, numbers: int) -> None:
    sound = chain_of(output(numbers), spec(mechanism))
    claimed = sound.cost.epsilon_per_coordinate
    assert claimed == EPSILON
    assert proven(sound, numbers) <= claimed


@pytest.mark.parametrize("numbers", [2, 17])
@pytest.mark.parametrize("mechanism", ["laplace", "laplace-l1", "gaussian-l2"])
def test_half_of_the_noise_is_proven_to_be_too_little(mechanism: str, numbers: int) -> None:
    weak = chain_of(output(numbers), spec(mechanism), WeakSamplers())
    assert proven(weak, numbers) > EPSILON


@pytest.mark.parametrize("mechanism", ["laplace-l1", "gaussian-l2"])
def test_the_joint_guarantee_holds_for_neighbours_that_differ_everywhere(mechanism: str) -> None:
    numbers = 4
    sound = chain_of(output(numbers), spec(mechanism))
    far = np.full((1, numbers), 9.0, np.float32)

    def score(region: np.ndarray) -> np.ndarray:
        stored, _ = sound.apply(np.repeat(region, DRAWS, axis=0))
        return stored.view(np.int8).astype(np.int64).sum(axis=1)

    assert proven_epsilon(score(far), score(-far), sound.cost.delta or 0.0) <= EPSILON


def test_per_coordinate_noise_is_proven_not_to_be_joint() -> None:
    """What the published guarantee leaves out: all numbers together give away d times as much."""
    numbers = 8
    published = chain_of(output(numbers), spec("laplace", 1.0))
    far = np.full((1, numbers), B, np.float32)

    def score(region: np.ndarray) -> np.ndarray:
        stored, _ = published.apply(np.repeat(region, DRAWS, axis=0))
        return np.clip(stored.view(np.int8), -95, 95).astype(np.int64).sum(axis=1)

    shown = proven_epsilon(score(far), score(-far))
    assert published.cost.epsilon_per_coordinate == 1.0
    assert published.cost.epsilon_joint == 8.0
    assert 2.0 < shown <= 8.0


WORDS = ((100, 0), (-100, 0), (0, 100), (0, -100))


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_a_response_gives_away_no_more_than_is_claimed(epsilon: float) -> None:
    made = chain_of(output(2), NoiseSpec(mechanism="response", epsilon_joint=epsilon, codebook=WORDS))
    kept, other = (draws(made, np.array([word], np.float32)) for word in ((3.0, 0.0), (-3.0, 0.0)))
    shown = proven_epsilon(kept, other)
    assert shown <= epsilon
    assert shown > 0.4 * epsilon
    assert proven_epsilon(draws(made.at(2 * epsilon), np.array([[3, 0]], np.float32)),
                          draws(made.at(2 * epsilon), np.array([[-3, 0]], np.float32))) > epsilon  # fmt: skip


def test_the_bound_is_proven_on_a_known_pair_and_not_over_it() -> None:
    """The test of the test: randomised response on one bit at epsilon 1."""
    rng = np.random.default_rng(0)
    keep = math.e / (1 + math.e)
    ours, theirs = (rng.random(DRAWS) < keep).astype(int), (rng.random(DRAWS) >= keep).astype(int)
    assert 0.85 < proven_epsilon(ours, theirs) <= 1.0
    assert proven_epsilon(ours, ours[::-1]) <= 0.0
    assert proven_epsilon(ours, theirs, delta=0.3) < proven_epsilon(ours, theirs)
