"""Which two regions are similar: what Siamese fine-tuning draws together and pushes apart."""

from typing import Protocol, final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.dataset import Regions

Similar = NDArray[np.bool_]


class Similarity(Protocol):
    """Says for a batch of regions which pairs are similar (y = 1) and which are not (y = 0)."""

    def __call__(self, batch: NDArray[np.int64]) -> Similar:
        """Give y, bool [n, n], for the training regions of these indices."""
        ...


@final
class SameValue:
    """Regions are similar where one attribute is the same: a label, an expression, an object's class."""

    def __init__(self, values: NDArray[np.int64]) -> None:
        """Take the attribute of each training region, int64 [n]."""
        self._values = values

    def __call__(self, batch: NDArray[np.int64]) -> Similar:
        """See `Similarity`."""
        some = self._values[batch]
        return np.asarray(some[:, None] == some[None, :])


def same_label(regions: Regions) -> Similarity:
    """Give the paper's criterion: similar is what has the same label in the primary task."""
    return SameValue(regions.labels)
