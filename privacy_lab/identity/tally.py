"""What an identity attack found, picture by picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy_lab.identity.ties import Doubles, Indices

Tallies = dict[str, "Tally"]
"""Figures of one attack and seed, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Payloads of n pictures of people whom the extractor never saw, and who they are.

    Attributes:
        rows: Payload numbers, float64 [n, d].
        identities: int64 [n], `UNKNOWN` where nobody knows: those take no part.
        groups: Who is told apart from whom, int64 [n]: the primary label, to count within one label, or the
            same number everywhere, to count over all.
    """

    rows: Doubles
    identities: Indices
    groups: Indices

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """One figure of one seed, for each of the n pictures that were there.

    Attributes:
        values: What the attack scored on each picture, float64 [n]; 0 where it was not asked.
        weights: What each picture counts for, float64 [n]; 0 where it was not asked.
    """

    values: Doubles
    weights: Doubles

    @property
    def mean(self) -> float:
        """The figure: the weighted mean over the pictures asked about."""
        return float((self.values * self.weights).sum() / self.weights.sum())


def spread(n: int, at: Indices, values: Doubles, weights: Doubles | None = None) -> Tally:
    """Put the scores of the pictures `at` into a tally of n pictures, each of equal weight unless told."""
    all_values, all_weights = np.zeros(n), np.zeros(n)
    all_values[at] = values
    all_weights[at] = 1.0 if weights is None else weights
    return Tally(all_values, all_weights)


def together(tallies: list[Tally]) -> Tally:
    """Join tallies of parts of the pictures that share none."""
    return Tally(
        np.asarray(sum(tally.values for tally in tallies)),
        np.asarray(sum(tally.weights for tally in tallies)),
    )


def equal_by_identity(identities: NDArray[np.int64]) -> Doubles:
    """Weigh pictures so that each identity counts the same, whatever number of pictures it has."""
    _, column, counts = np.unique(identities, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[column], np.float64)
