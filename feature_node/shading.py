"""Faces replaced by shaded regions: nothing finer than a few blotches of what was there remains."""

import math
from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from feature_node.box import PixelBox
from feature_node.picture import Picture

Style = Literal["solid", "blur", "mosaic"]
Shape = Literal["box", "ellipse"]

COLOUR: Final = (48, 48, 48)
CELLS: Final = 6
"""At most so many cells across a face remain of a mosaic, or sample points of a blur."""
CELL_PIXELS: Final = 8
"""A cell has at least so many pixels along each side."""


def shade(picture: Picture, boxes: Iterable[PixelBox], style: Style, shape: Shape) -> Picture:
    """Give a copy of a BGR picture in which every pixel of every box is shaded.

    Args:
        picture: BGR uint8 [height, width, 3]; stays as it is.
        boxes: Inside the picture.
        style: `solid` leaves nothing of the face; the others leave at most `CELLS` x `CELLS` colours.
        shape: `ellipse` draws the one around the box.
    """
    shaded = picture.copy()
    for box in boxes:
        mask_box = box if shape == "box" else _around(box, picture.shape)
        x, y, width, height = mask_box
        region = shaded[y : y + height, x : x + width]
        replacement = _replacement(region, style)
        if shape == "ellipse":
            region[:] = np.where(_ellipse(box, mask_box)[:, :, None], replacement, region)
        else:
            region[:] = replacement
    return shaded


def _replacement(region: Picture, style: Style) -> Picture:
    import cv2  # noqa: PLC0415 - see feature_node.picture

    height, width = region.shape[:2]
    if style == "solid":
        return np.broadcast_to(np.asarray(COLOUR, np.uint8), region.shape)
    cells = tuple(min(CELLS, max(1, side // CELL_PIXELS)) for side in (width, height))
    coarse = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    smooth = cv2.INTER_NEAREST if style == "mosaic" else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=smooth), np.uint8)


def _around(box: PixelBox, shape: tuple[int, ...]) -> PixelBox:
    """Give the part inside the picture of the square around the ellipse that goes round the box."""
    x, y, width, height = box
    more_x, more_y = (math.ceil(side * (math.sqrt(2) - 1) / 2) for side in (width, height))
    left, top = max(0, x - more_x), max(0, y - more_y)
    right, bottom = min(shape[1], x + width + more_x), min(shape[0], y + height + more_y)
    return (left, top, right - left, bottom - top)


def _ellipse(box: PixelBox, around: PixelBox) -> NDArray[np.bool_]:
    """Say which pixels of `around` lie in the ellipse through the box's corners."""
    x, y, width, height = box
    columns = (np.arange(around[0], around[0] + around[2]) + 0.5 - (x + width / 2)) / (width / math.sqrt(2))
    rows = (np.arange(around[1], around[1] + around[3]) + 0.5 - (y + height / 2)) / (height / math.sqrt(2))
    return np.asarray(columns[None, :] ** 2 + rows[:, None] ** 2 <= 1.0)
