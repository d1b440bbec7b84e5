"""Shifted, mirrored and partly hidden views of a batch of small pictures, all at once."""

import numpy as np
from numpy.typing import NDArray

from privacy_lab.recipe import Crops

Pictures = NDArray[np.uint8]
_GREY = 128


def crop_views(pictures: Pictures, views: Crops, random: np.random.Generator) -> Pictures:
    """Give one random view a picture, uint8 [n, h, w, 3] in and out; the same `random`, the same views.

    Each picture is shifted over its own reflection, mirrored half of the time, and a square of it is
    hidden (DeVries and Taylor 2017), as far as `views` says.
    """
    n, height, width = pictures.shape[:3]
    edge = views.shift
    padded = np.pad(pictures, ((0, 0), (edge, edge), (edge, edge), (0, 0)), mode="reflect")
    down, across = random.integers(0, 2 * edge + 1, (2, n, 1))
    rows = down + np.arange(height)  # [n, h]
    columns = across + np.arange(width)  # [n, w]
    if views.flip:
        mirrored = random.random((n, 1)) < 0.5
        columns = np.where(mirrored, columns[:, ::-1], columns)
    shifted = padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    if views.cutout:
        _hide(shifted, views.cutout, random)
    return np.asarray(shifted, np.uint8)


def _hide(pictures: Pictures, side: int, random: np.random.Generator) -> None:
    # The square's middle lies anywhere, so that part of it may lie outside.
    n, height, width = pictures.shape[:3]
    top = random.integers(0, height, (n, 1)) - side // 2
    left = random.integers(0, width, (n, 1)) - side // 2
    rows, columns = np.arange(height), np.arange(width)
    down = (rows >= top) & (rows < top + side)  # [n, h]
    across = (columns >= left) & (columns < left + side)  # [n, w]
    pictures[down[:, :, None] & across[:, None, :]] = _GREY
