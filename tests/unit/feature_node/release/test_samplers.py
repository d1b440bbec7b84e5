"""Noise has the distribution that its guarantee was computed for, whichever sampler makes it."""

import importlib
import math
import os
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from feature_node.errors import BadNoise
from feature_node.release import samplers as s
from feature_node.release.samplers import (
    FEW,
    MOST,
    ContinuousLaplace,
    OpenDpNoise,
    SeededSamplers,
    SystemSamplers,
    TailNoise,
    tails,
)

ALARM = 1e-7
"""Probability with which one test of fit fails for sound noise."""

SCALE = 5.0
DRAWS = 20_000


def probabilities(family: str) -> np.ndarray:
    """P(z) for z = -30 … 30, from the definition; what is beyond is in neither end."""
    z = np.arange(-30, 31)
    if family == "laplace":
        q = math.exp(-1 / SCALE)
        return (1 - q) / (1 + q) * q ** np.abs(z)
    return stats.norm.cdf((z + 0.5) / SCALE) - stats.norm.cdf((z - 0.5) / SCALE)


def fits(drawn: np.ndarray, expected: np.ndarray) -> bool:
    inside = drawn[np.abs(drawn) <= 30]
    counts = np.bincount(inside + 30, minlength=61)
    enough = expected * len(drawn) >= 8
    observed = np.append(counts[enough], len(drawn) - counts[enough].sum())
    wanted = np.append(expected[enough], 1 - expected[enough].sum()) * len(drawn)
    return bool(stats.chisquare(observed, wanted).pvalue > ALARM)


@pytest.mark.parametrize("family", ["laplace", "gaussian"])
def test_both_samplers_draw_what_is_defined(family) -> None:
    expected = probabilities(family)
    for noise in (OpenDpNoise(family, SCALE), TailNoise(tails(family, SCALE))):
        assert fits(noise.draw(DRAWS // 4, 4).ravel(), expected)
    assert not fits(OpenDpNoise(family, 0.8 * SCALE).draw(DRAWS // 4, 4).ravel(), expected)


def test_the_published_noise_is_laplace() -> None:
    drawn = ContinuousLaplace(SCALE).draw((DRAWS // 4, 4)).ravel()
    assert stats.kstest(drawn, stats.laplace(scale=SCALE).cdf).pvalue > ALARM
    assert stats.kstest(drawn, stats.laplace(scale=1.3 * SCALE).cdf).pvalue < ALARM


@pytest.mark.parametrize("family", ["laplace", "gaussian"])
def test_numbers_of_a_region_and_regions_are_independent(family) -> None:
    """The correlation of n pairs is about 1/√n: five and a half of that is a probability of 4e-8."""
    for noise in (OpenDpNoise(family, SCALE), TailNoise(tails(family, SCALE))):
        drawn = noise.draw(4000, 2).astype(float)
        for one, other in ((drawn[:, 0], drawn[:, 1]), (drawn[:-1, 0], drawn[1:, 0])):
            assert abs(np.corrcoef(one, other)[0, 1]) < 5.5 / math.sqrt(len(one))
            assert abs(np.corrcoef(np.abs(one), np.abs(other))[0, 1]) < 8 / math.sqrt(len(one))


def test_rare_noise_is_as_exact_as_common_noise() -> None:
    """Words put in by hand: each size falls where its probability says, far below float's step at 1."""
    falling = tails("laplace", 4.0)

    def size(uniform: float) -> int:
        high, rest = divmod(int(uniform * 2**127), 2**63)
        words = np.array([high, rest << 1], np.uint64).tobytes()
        return int(TailNoise(falling, lambda _: words).draw(1, 1)[0, 0])

    for m in (1, 2, 50, 150):
        assert size(falling[m - 1] * (1 - 1e-9)) == m
        assert size(falling[m - 1] * (1 + 1e-9)) == m - 1
    assert size(0.0) == MOST


def test_what_is_past_either_end_of_int8_is_one_and_the_same() -> None:
    drawn = TailNoise(tails("laplace", 1e6)).draw(100, 10)
    assert np.abs(drawn).max() == MOST
    assert {-MOST, MOST} <= set(drawn.ravel().tolist())


def test_the_scale_of_opendp_may_be_large_or_small() -> None:
    for scale in (1e-3, 0.3, 1e6, 1e12):
        for family in ("laplace", "gaussian"):
            drawn = OpenDpNoise(family, scale).draw(1, 16)
            assert np.abs(drawn).max() <= 50 * scale + 1


def test_no_draw_is_given_twice() -> None:
    noise = OpenDpNoise("gaussian", 1e9)
    seen = Counter(tuple(noise.draw(1, 8)[0].tolist()) for _ in range(200))
    assert max(seen.values()) == 1


def test_noise_drawn_ahead_is_not_shared_with_a_forked_process(monkeypatch) -> None:
    noise = OpenDpNoise("gaussian", 1e9)
    noise.draw(1, 1)
    ahead = list(noise._ahead)
    assert ahead
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert not set(noise.draw(1, 8).ravel()) & {round(value / noise._fine) for value in ahead}


def test_few_numbers_are_opendps_and_many_are_not(monkeypatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    system = SystemSamplers()
    for family in ("laplace", "gaussian"):
        assert system.integers(family, SCALE, FEW + 1).draw(2, FEW + 1).shape == (2, FEW + 1)
        with pytest.raises(
            BadNoise, match=r"OpenDP's, which is not installed. Run: pip install 'penumbra\[dp\]'"
        ):
            system.integers(family, SCALE, FEW)


def test_what_opendp_does_not_take_is_one_of_our_errors() -> None:
    with pytest.raises(BadNoise, match=r"OpenDP makes no laplace noise of scale -1"):
        s._measurement("laplace", -1.0)


def test_a_seed_gives_the_same_noise_each_time_and_the_system_does_not() -> None:
    def drawn(made: s.Samplers) -> list[bytes]:
        return [
            made.integers("laplace", SCALE, 8).draw(2, 8).tobytes(),
            made.integers("gaussian", SCALE, 64).draw(2, 64).tobytes(),
            made.reals(SCALE).draw((2, 3)).tobytes(),
            made.entropy(16),
        ]

    assert drawn(SeededSamplers(7)) == drawn(SeededSamplers(7))
    assert all(a != b for a, b in zip(drawn(SeededSamplers(7)), drawn(SeededSamplers(8)), strict=True))
    assert all(a != b for a, b in zip(drawn(SystemSamplers()), drawn(SystemSamplers()), strict=True))
