"""Rank privacy (Osia et al., section V-B): how far down the true record stands among all, given the payload.

    z̃_i = z_i + n_i,  n_i ~ N(0, σ²I)         R_i = rank of z_i among all z_j by N(z̃_i; z_j, σ²I)
    privacy = (1/N) Σ_i R_i / N               rank-1 rate = (1/N) Σ_i [R_i = 1]

The density falls with the distance ‖z̃_i - z_j‖ whatever σ is, so ranking by distance is ranking by it;
as σ → 0 the rank is that by distance, and records of the very same payload share theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from privacy_lab.identity.ties import Doubles, Indices, place_of_true

_AT_ONCE: Final = 256

Read = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""The cloud's half: numbers float32 [N, d] to scores float32 [N, labels]."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """R of each of N records, expected over ties, and the probability that it is 1; float64 [N] each."""

    R: Doubles
    first: Doubles

    @property
    def relative(self) -> Doubles:
        """R_i / N, float64 [N]; their mean is the rank privacy."""
        return np.asarray(self.R / len(self.R))


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One point of the curve over the variance σ² of added noise.

    Attributes:
        variance: σ².
        ranks: R of each record.
        right: Whether the noisy record was answered rightly, 1 or 0, float64 [N]; None where nobody answers.
    """

    variance: float
    ranks: Ranks
    right: Doubles | None = None

    @property
    def privacy(self) -> float:
        """E[R]/N."""
        return float(self.ranks.relative.mean())

    @property
    def first(self) -> float:
        """The rank-1 rate."""
        return float(self.ranks.first.mean())

    @property
    def accuracy(self) -> float | None:
        """Share answered rightly; None where nobody answers."""
        return None if self.right is None else float(self.right.mean())


def ranks(z_noisy: Doubles, z: Doubles) -> Ranks:
    """Rank the true record i of each observed row i among all clean rows.

    Args:
        z_noisy: What was observed, float64 [N, d].
        z: The clean records, float64 [N, d]; row i is the true one of observation i.
    """
    N, size = len(z), float(np.abs(z).max(initial=0.0))
    R, first = np.empty(N), np.empty(N)
    for start in range(0, N, _AT_ONCE):
        rows = slice(start, min(start + _AT_ONCE, N))
        place = place_of_true(cdist(z_noisy[rows], z), np.arange(rows.start, rows.stop), size)
        R[rows], first[rows] = place.rank(), place.within(1)
    return Ranks(R, first)


def add_noise(z: Doubles, variance: float, seed: int) -> Doubles:
    """Give z̃ = z + N(0, σ²I)."""
    n = np.random.default_rng([seed, 2]).standard_normal(z.shape)
    return np.asarray(z + np.sqrt(variance) * n)


def curve(
    z: NDArray[np.float32],
    variances: Sequence[float],
    seed: int,
    *,
    labels: Indices | None = None,
    read: Read | None = None,
) -> tuple[Point, ...]:
    """Give the ranks and, with `labels` and `read`, the right answers at each variance of added noise.

    Args:
        z: Payload numbers as the cloud decodes them, float32 [N, ...].
        variances: σ² of the noise, one point each; 0 adds none.
        seed: Draws the noise.
        labels: True primary labels, int64 [N].
        read: The cloud's half, for numbers float32 [N, ...].
    """
    rows, points = z.reshape(len(z), -1).astype(np.float64), []
    for variance in variances:
        noisy, right = add_noise(rows, variance, seed), None
        if labels is not None and read is not None:
            answers = read(noisy.reshape(z.shape).astype(np.float32)).argmax(axis=1)
            right = (answers == labels).astype(np.float64)
        points.append(Point(variance, ranks(noisy, rows), right))
    return tuple(points)


def ceiling(labels: Indices) -> float:
    """Give the rank privacy when nothing but the label leaks, exact for these N labels.

    All n_y records of a label tie, so R = (n_y + 1)/2; with shares p_y = n_y/N the mean of R/N is
    Σ_y p_y²/2 + 1/(2N), which tends to (p² + (1-p)²)/2 for two labels.
    """
    N = len(labels)
    p = np.unique(labels, return_counts=True)[1] / N
    return float((p**2).sum() / 2 + 1 / (2 * N))


def with_balance(labels: Indices, share: float, first: int = 0) -> Indices:
    """Choose records, as many as there can be, of which `share` have the label `first`.

    The same records each time, in order: figures of sets of another balance (Osia's test set is 79 % men)
    compare only at one balance, which alone moves the ceiling.

    Raises:
        ValueError: `share` is not above 0 and below 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} is not above 0 and below 1")
    order = np.random.default_rng(0).permutation(len(labels))
    wanted, others = order[labels[order] == first], order[labels[order] != first]
    n = min(len(wanted) / share, len(others) / (1 - share))
    # A hair above, or a product such as 0.79 × 100 loses a record to rounding.
    chosen = (wanted[: int(n * share + 1e-6)], others[: int(n * (1 - share) + 1e-6)])
    return np.sort(np.concatenate(chosen)).astype(np.int64)
