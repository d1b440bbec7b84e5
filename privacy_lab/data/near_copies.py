"""Photographs that were published twice, found by looking at them small."""

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from models.pictures import Picture

# Two pictures this alike (correlation of 16 × 16 grey pixels) are one photograph published twice.
_SAME: Final = 0.95
_SIDE: Final = 16
_ROWS: Final = 2048


def thumbnails(pictures: Iterable[Picture]) -> NDArray[np.float32]:
    """Give each picture as 256 grey values of mean 0 and length 1: float32 [n, 256]."""
    rows = []
    for picture in pictures:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        row = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        row -= row.mean()
        rows.append(row / max(float(np.linalg.norm(row)), 1e-6))
    return np.stack(rows).astype(np.float32)


def group_copies(rows: NDArray[np.float32]) -> list[int]:
    """Give for each thumbnail the lowest index that it is a near-copy of, through others if need be."""
    n = len(rows)
    chunks = range(0, n, _ROWS)
    pairs = [np.argwhere(rows[k : k + _ROWS] @ rows.T > _SAME) + np.array([k, 0]) for k in chunks]
    first, second = np.concatenate(pairs).T
    alike = csr_array((np.ones(len(first), np.bool_), (first, second)), shape=(n, n))
    _, component = connected_components(alike, directed=False)
    _, lowest, group = np.unique(component, return_index=True, return_inverse=True)
    return [int(k) for k in lowest[group]]
