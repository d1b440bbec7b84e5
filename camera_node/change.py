"""Tells a camera that shows a still scene from one that shows one picture again and again."""

from typing import Final, final

import numpy as np

from camera_node.zones import Pixels

GRID: Final = (36, 64)
LARGEST_STEP: Final = 2
"""Grey levels: a picture compressed again and again stays within, a sensor's noise does not."""


@final
class ChangeMeter:
    """Compares each picture with the last one that differed.

    Single pixels on a grid are compared, not means over areas: means would hide the noise by which a
    living camera's still scene differs from a frozen picture.
    """

    def __init__(self) -> None:
        self._reference: np.ndarray[tuple[int, ...], np.dtype[np.int16]] | None = None

    def changed(self, pixels: Pixels) -> bool:
        """Say whether a picture, [height, width, 3] uint8, differs from those before; the first one does."""
        rows = np.linspace(0, pixels.shape[0] - 1, GRID[0]).astype(np.intp)
        columns = np.linspace(0, pixels.shape[1] - 1, GRID[1]).astype(np.intp)
        sample = pixels[np.ix_(rows, columns)].astype(np.int16)
        same = self._reference is not None and int(np.abs(sample - self._reference).max()) <= LARGEST_STEP
        if not same:
            self._reference = sample
        return not same
