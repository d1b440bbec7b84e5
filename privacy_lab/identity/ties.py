"""The true candidate's place among all, in expectation where several are equally near.

Stored numbers are few: many regions become the very same payload, and then the order of an index, not the
payload, would decide who is found. Every attack here breaks such ties by a fair lot, computed and not drawn.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]

# Rounding of sums in another order; a step of a stored number is many orders above.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where the true candidate of each of n queries stands.

    Attributes:
        nearer: How many candidates are nearer than the true one, float64 [n].
        tied: How many are exactly as near, the true one counted in, float64 [n], at least 1.
    """

    nearer: Doubles
    tied: Doubles

    def within(self, k: int) -> Doubles:
        """Give the probability that the true candidate is among the k nearest, float64 [n]."""
        return np.asarray(np.clip((k - self.nearer) / self.tied, 0.0, 1.0))

    def rank(self) -> Doubles:
        """Give the expected rank of the true candidate, float64 [n], 1 being nearest."""
        return self.nearer + (self.tied + 1) / 2

    def log_rank(self) -> Doubles:
        """Give the expected natural logarithm of the true candidate's rank, float64 [n]."""
        # Mean of ln r over r = nearer + 1 … nearer + tied.
        return np.asarray((gammaln(self.nearer + self.tied + 1) - gammaln(self.nearer + 1)) / self.tied)


def place_of_true(distances: Doubles, true: Indices, size: float = 0.0) -> Place:
    """Find candidate `true[i]` among the distances float64 [n, candidates] of query i.

    Args:
        distances: Smaller is nearer; any monotone score will do.
        true: Column of the true candidate, int64 [n].
        size: Largest magnitude of the numbers that the distances were computed from: what differs by less
            than rounding of such numbers is equal.
    """
    slack = tolerance(distances, size)
    own = np.take_along_axis(distances, true[:, None], axis=1)
    nearer = (distances < own - slack).sum(axis=1, dtype=np.float64)
    tied = (np.abs(distances - own) <= slack).sum(axis=1, dtype=np.float64)
    return Place(nearer, tied)


def share_of_nearest(distances: Doubles, wanted: NDArray[np.bool_], size: float = 0.0) -> Doubles:
    """Give the share of wanted candidates among those that are nearest, float64 [n].

    Args:
        distances: float64 [n, candidates].
        wanted: Which candidates are right for each query, bool [n, candidates].
        size: As in `place_of_true`.
    """
    nearest = distances <= distances.min(axis=1, keepdims=True) + tolerance(distances, size)
    return np.asarray((nearest & wanted).sum(axis=1) / nearest.sum(axis=1))


def tolerance(distances: Doubles, size: float) -> float:
    """Give the difference below which two distances are the same number computed twice."""
    return _ROUNDING * max(float(np.abs(distances).max(initial=0.0)), 1e-3 * size)


def flat(numbers: NDArray[np.float32]) -> Doubles:
    """Give payload numbers [n, ...] as rows float64 [n, d]."""
    return numbers.reshape(len(numbers), -1).astype(np.float64)
