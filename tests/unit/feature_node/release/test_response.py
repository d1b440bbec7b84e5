"""A word of the codebook leaves, the nearest about as often as the guarantee allows, and nothing else."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from feature_node.errors import BadNoise
from feature_node.release.mechanism import Cost
from feature_node.release.response import CodebookResponse
from feature_node.release.samplers import SeededSamplers
from models.errors import BadNumbers
from models.manifest import OutputSpec

OUTPUT = OutputSpec("int8", (2, 1), 4.0, 4.0 / 127)
WORDS = np.array([[100, 0], [-100, 0], [0, 100]], np.int8)
NEAR = np.array([[[2.9], [0.3]], [[-9.0], [1.0]], [[0.1], [0.2]]], np.float32)


def response(epsilon_joint: float = 2.0, words: np.ndarray = WORDS) -> CodebookResponse:
    return CodebookResponse(words, epsilon_joint, OUTPUT, SeededSamplers(3))


def test_at_no_privacy_it_says_the_nearest_word() -> None:
    said, (event,) = response(500.0).apply(NEAR)
    assert event.name == "codebook-response"
    assert np.array_equal(np.rint(said[..., 0] / OUTPUT.scale), WORDS)
    assert said.dtype == np.float32
    assert said.shape == NEAR.shape


def test_the_nearest_is_said_as_often_as_promised_and_the_others_alike() -> None:
    draws = 6000
    said, _ = response().apply(np.repeat(NEAR[:1], draws, axis=0))
    steps = np.rint(said[..., 0] / OUTPUT.scale).astype(int)
    counts = [int((steps == word).all(axis=1).sum()) for word in WORDS]
    assert sum(counts) == draws
    keep = math.exp(2) / (math.exp(2) + 2)
    assert binomtest(counts[0], draws, keep).pvalue > 1e-7
    assert binomtest(counts[1], counts[1] + counts[2], 0.5).pvalue > 1e-7


def test_a_lie_is_never_rarer_than_the_guarantee_needs() -> None:
    """P(keep)/P(another word) <= e^ε, exactly, from the integers that are compared."""
    for epsilon in (1e-3, 0.5, 2.0, 8.0, 20.0, 50.0):
        for words in (2, 3, 100):
            codebook = np.stack([np.arange(words) % 127, np.arange(words) // 127], axis=1).astype(np.int8)
            lies = response(epsilon, codebook)._lies
            assert 0 < lies < 2**128
            ratio = math.log((2**128 - lies) * (words - 1) / lies)
            assert ratio <= epsilon * (1 + 1e-15) + 1e-12
            assert ratio >= 0.99 * epsilon - 1e-9 or epsilon > 40


def test_it_costs_jointly_what_each_number_of_it_does() -> None:
    assert response().cost == Cost(epsilon_per_coordinate=2.0, epsilon_joint=2.0)
    assert response().at(0.5).cost.epsilon_joint == 0.5


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_an_amount_that_promises_nothing_is_refused(bad: float) -> None:
    with pytest.raises(BadNoise, match="epsilon_joint"):
        response(bad)


@pytest.mark.parametrize("words", [WORDS[:1], WORDS[:, :1], WORDS[0]])
def test_a_codebook_that_leaves_no_choice_or_does_not_fit_is_refused(words) -> None:
    with pytest.raises(BadNoise, match="is not 2 or more words of 2 steps"):
        response(words=words)


def test_what_is_not_a_number_has_no_nearest_word() -> None:
    for bad in (np.full((1, 2, 1), np.nan, np.float32), np.zeros((1, 3, 1), np.float32)):
        with pytest.raises(BadNumbers):
            response().apply(bad)
    assert response().apply(np.zeros((0, 2, 1), np.float32))[0].shape == (0, 2, 1)
