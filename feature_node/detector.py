"""The detector's promise, and the size at which it works."""

import math
from typing import Final, Protocol

from feature_node.box import Box
from feature_node.picture import Picture

WORKING_SIZE: Final = (640, 640)
STRIDE: Final = 32
"""Both sides of the picture that a detector sees are multiples of this."""


class Detector(Protocol):
    """Finds the faces of a picture, or raises; never guesses. Safe to call from several threads."""

    def detect(self, picture: Picture) -> tuple[Box, ...]:
        """Give a box a face of a BGR picture, uint8 [height, width, 3]; none where there is no face.

        Raises:
            DetectorError: It could not look.
        """
        ...


def working_size(width: int, height: int, at_most: tuple[int, int]) -> tuple[int, int]:
    """Fit a picture inside `at_most` without enlarging it, each side then rounded up to the stride."""
    scale = min(1.0, at_most[0] / width, at_most[1] / height)
    wide, high = round(width * scale), round(height * scale)
    return (STRIDE * max(1, math.ceil(wide / STRIDE)), STRIDE * max(1, math.ceil(high / STRIDE)))
