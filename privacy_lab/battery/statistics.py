"""One figure with one 95 % interval, from what several seeds scored on each picture.

Two things could have come out otherwise: the attack's own luck (starts, batches, draws of a gallery), which
seeds show, and the pictures that happened to be attacked. The interval covers both. For the seeds it is
Student's t of the seeds' means; for the pictures the bootstrap (Efron 1979) of the mean over seeds; as the
two are independent, their half-widths add in quadrature, on each side apart. One seed shows nothing of the
attack's luck, and then the interval covers the pictures alone. Other people than those in the gallery, and
another training of the bundle, are not covered.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import binomtest, t

from models.certificate import Figure
from privacy_lab.identity.tally import Tally
from privacy_lab.identity.ties import Doubles

_SHARE: Final = 0.95
_REPEATS: Final = 2000
_AT_ONCE: Final = 100
_ANY: Final = (-np.inf, np.inf)
SHARES: Final = (0.0, 1.0)


def figure_of(values: Doubles, weights: Doubles | None = None, bounds: tuple[float, float] = _ANY) -> Figure:
    """Give the mean with its interval.

    Args:
        values: What seed s scored on picture k, float64 [S, n].
        weights: What picture k counts for with seed s, float64 [S, n]; 0 where it was not asked. All alike
            where None.
        bounds: Between which the figure lies by its nature; the interval is cut there.
    """
    w = np.ones_like(values) if weights is None else weights
    w = w / w.sum(axis=1, keepdims=True)
    means = (w * values).sum(axis=1)  # [S]
    value = float(means.mean())
    by_seed = _student(means)
    low, high = _bootstrap((w * values).mean(axis=0), w.mean(axis=0))
    return Figure(
        value,
        max(min(bounds[0], value), value - float(np.hypot(by_seed, value - min(low, value)))),
        min(max(bounds[1], value), value + float(np.hypot(by_seed, max(high, value) - value))),
    )


def figure_of_tallies(tallies: Sequence[Tally], bounds: tuple[float, float] = _ANY) -> Figure:
    """Give the figure of one tally a seed, all of the same pictures."""
    values = np.stack([tally.values for tally in tallies])
    return figure_of(values, np.stack([tally.weights for tally in tallies]), bounds)


def share_right(right: int, n: int) -> Figure:
    """Give a share of n with Wilson's interval."""
    interval = binomtest(right, n).proportion_ci(_SHARE, method="wilson")
    return Figure(right / n, min(float(interval.low), right / n), max(float(interval.high), right / n))


def exact(value: float) -> Figure:
    """Give a figure that was computed, not measured: its interval is the value."""
    return Figure(value, value, value)


def _student(means: Doubles) -> float:
    """Give the half-width of Student's interval of the mean of S means; 0 for one."""
    S = len(means)
    if S == 1:
        return 0.0
    return float(t.ppf((1 + _SHARE) / 2, S - 1) * means.std(ddof=1) / np.sqrt(S))


def _bootstrap(scored: Doubles, asked: Doubles) -> tuple[float, float]:
    """Give the percentile interval of Σ scored / Σ asked over resampled pictures, float64 [n] each."""
    n, found = len(scored), []
    random = np.random.default_rng(n)
    for start in range(0, _REPEATS, _AT_ONCE):
        often = random.multinomial(n, np.full(n, 1 / n), size=min(_AT_ONCE, _REPEATS - start))  # [B, n]
        total = often @ asked
        # A resample may hold no picture that was asked about, where most were not; it says nothing.
        found.append((often @ scored)[total > 0] / total[total > 0])
    low, high = np.quantile(np.concatenate(found), [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    return float(low), float(high)
