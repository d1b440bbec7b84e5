"""A picture as a detector's network takes it, in memory that is used again for the next one.

Fresh memory of this size would come from the system and go back to it for every picture, which costs a tenth
of the edge's processor time in page faults.
"""

from typing import final

import numpy as np
from numpy.typing import NDArray

from feature_node.picture import Picture


@final
class Blob:
    """Resizes pictures and lays them out; for one thread at a time."""

    def __init__(self) -> None:
        self._small = np.empty((0, 0, 3), np.uint8)
        self._planes = np.empty((1, 3, 0, 0), np.float32)

    def of(self, picture: Picture, size: tuple[int, int]) -> NDArray[np.float32]:
        """Give a BGR picture at `size` (width, height) as RGB, float32 [1, 3, height, width] of 0 to 255.

        The array is overwritten by the next call.

        Raises:
            ValueError, TypeError, cv2.error: The picture is not uint8 [height, width, 3].
        """
        import cv2  # noqa: PLC0415 - see feature_node.picture

        width, height = size
        if self._planes.shape[2:] != (height, width):
            self._small = np.empty((height, width, 3), np.uint8)
            self._planes = np.empty((1, 3, height, width), np.float32)
        # OpenCV answers in memory of its own where the picture is not of the kind expected here.
        small = cv2.resize(picture, size, dst=self._small, interpolation=cv2.INTER_LINEAR)
        np.copyto(self._planes[0], small.transpose(2, 0, 1)[::-1], casting="safe")
        return self._planes
