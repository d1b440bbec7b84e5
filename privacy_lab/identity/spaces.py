"""How near two payloads are: spaces in which the plain distance is the attacker's measure of likeness.

Each space is fitted on auxiliary payloads alone, never on the gallery or the probes.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.identity.ties import Doubles, Indices

# Directions of less variance than this share of the mean are not blown up beyond it: they are rounding.
_LEAST: Final = 1e-3
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A map of payload rows into a space where Euclid's distance counts.

    Attributes:
        name: What the distance is: euclidean, cosine, whitened or within.
        centre: What is taken from each row, float64 [d].
        axes: What rows are then multiplied by, float64 [d, k]; None for nothing.
        unit: Whether rows are brought to length 1 at last: then the distance ranks as the cosine does.
    """

    name: str
    centre: Doubles
    axes: Doubles | None = None
    unit: bool = False

    def project(self, rows: Doubles) -> Doubles:
        """Map rows float64 [n, d] to float64 [n, k], equal rows to equal rows to the last bit."""
        # A matrix product may round a row by where it stands; so each different row is mapped once.
        different, back = np.unique(rows, axis=0, return_inverse=True)
        mapped = different - self.centre
        if self.axes is not None:
            mapped = mapped @ self.axes
        if self.unit:
            lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
            mapped = np.where(lengths > 0, mapped / np.maximum(lengths, np.finfo(np.float64).tiny), 0.0)
        return np.asarray(mapped[back.reshape(-1)])


def spaces_of(rows: Doubles, identities: Indices) -> tuple[Space, ...]:
    """Fit the spaces on auxiliary rows float64 [n, d] with their identities (`UNKNOWN` where none is known).

    Euclidean; cosine about the auxiliary mean; whitened (Mahalanobis by the auxiliary covariance); and,
    where the attacker knows people, within: by the covariance within one identity (Hatch et al. 2006).
    """
    none = np.zeros(rows.shape[1])
    centre = rows.mean(axis=0)
    spaces = [Space("euclidean", none), Space("cosine", centre, unit=True)]
    spaces.append(Space("whitened", centre, whitening(rows - centre)))
    known = identities != UNKNOWN
    if len(np.unique(identities[known])) > 1:
        spaces.append(Space("within", centre, whitening(about_own(rows[known], identities[known]))))
    return tuple(spaces)


def whitening(centred: Doubles) -> Doubles:
    """Give axes float64 [d, k] under which rows float64 [n, d] of mean 0 have unit covariance."""
    # Of n rows in d dimensions at most n directions vary: the short decomposition has them all.
    _, deviations, axes = np.linalg.svd(centred / np.sqrt(max(1, len(centred))), full_matrices=False)
    variances = deviations**2
    floor = max(_LEAST * float(variances.mean()), _NOTHING)
    return np.asarray(axes.T / np.sqrt(np.maximum(variances, floor)))


def about_own(rows: Doubles, identities: Indices) -> Doubles:
    """Give rows float64 [n, d] less the mean row of their own identity."""
    _, column, counts = np.unique(identities, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, column, rows)
    return np.asarray(rows - (sums / counts[:, None])[column])
