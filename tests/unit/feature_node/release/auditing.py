"""What an attacker can prove of a mechanism's epsilon by running it on two neighbours."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

FALSE_ALARM = 1e-7
"""Probability with which `proven_epsilon` is over the true epsilon."""


def proven_epsilon(ours: NDArray, theirs: NDArray, delta: float = 0.0) -> float:
    """A lower bound on epsilon: one event's probability on one neighbour against the other's.

    The event, that a number is on one side of a threshold, is chosen on the first half of the draws and
    counted on the second (Jagielski, Ullman and Oprea 2020); each count is bounded by Clopper and Pearson.
    """
    best, event = -math.inf, (0.0, 1)
    half = len(ours) // 2
    for threshold in np.unique(np.quantile(np.concatenate([ours, theirs]), np.linspace(0.01, 0.99, 99))):
        for side in (1, -1):
            bound = _bound(ours[:half], theirs[:half], threshold, side, delta)
            if bound > best:
                best, event = bound, (threshold, side)
    return _bound(ours[half:], theirs[half:], *event, delta)


def _bound(ours: NDArray, theirs: NDArray, threshold: float, side: int, delta: float) -> float:
    n, m = len(ours), len(theirs)
    hits, misses = (
        int((side * ours >= side * threshold).sum()),
        int((side * theirs >= side * threshold).sum()),
    )
    low = float(beta.ppf(FALSE_ALARM / 2, hits, n - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - FALSE_ALARM / 2, misses + 1, m - misses)) if misses < m else 1.0
    return math.log((low - delta) / high) if low > delta else -math.inf
