"""Boxes around faces, in pixels of the picture, and what is done with them; pure functions."""

import math
from collections.abc import Iterable
from typing import NamedTuple

PixelBox = tuple[int, int, int, int]


class Box(NamedTuple):
    """A face: left, top, width and height in pixels (may pass the picture's edge), and how sure one is."""

    x: float
    y: float
    width: float
    height: float
    score: float = 1.0

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(0.0, self.width) * max(0.0, self.height)


def grow(box: Box, share: float) -> Box:
    """Push each of the four sides out by `share` of the box's width or height."""
    dx, dy = box.width * share, box.height * share
    return Box(box.x - dx, box.y - dy, box.width + 2 * dx, box.height + 2 * dy, box.score)


def overlap(a: Box, b: Box) -> float:
    """Give intersection over union, 0 to 1."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    shared = max(0.0, width) * max(0.0, height)
    whole = a.area + b.area - shared
    return shared / whole if whole > 0 else 0.0


def to_pixels(box: Box, width: int, height: int) -> PixelBox:
    """Give the whole pixels (x, y, width, height) that cover the box inside a picture; none: 0 wide."""
    left, top = max(0, math.floor(box.x)), max(0, math.floor(box.y))
    right, bottom = min(width, math.ceil(box.x + box.width)), min(height, math.ceil(box.y + box.height))
    return (left, top, max(0, right - left), max(0, bottom - top))


def inside(boxes: Iterable[Box], width: int, height: int) -> tuple[PixelBox, ...]:
    """Give the pixels of every box that touches the picture."""
    cut = (to_pixels(box, width, height) for box in boxes)
    return tuple(box for box in cut if box[2] > 0 and box[3] > 0)
