"""Regions shaded as a camera site shades faces, put anywhere at random, and what only looks like one."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from privacy_lab.recipe import Style

Picture = NDArray[np.uint8]
Random = np.random.Generator

# As the edge shades: the colour of `solid`, the most cells across a face, the fewest pixels a cell.
_COLOUR: Final = 48
_CELLS: Final = 6
_CELL_PIXELS: Final = 8
# A face's height as a share of the picture's.
_SMALLEST, _LARGEST = 0.07, 0.5
# So many parts are looked at, and the most detailed is taken.
_TRIES: Final = 6


def shade_somewhere(
    picture: Picture, other: Picture, styles: Sequence[Style], random: Random, closer: float = 1.0
) -> Picture:
    """Give a copy with one to three shaded regions at random places, of one style and shape.

    What is shaded is a detailed part of `other`, not what was at the place: a face differs from what is
    around it, while a shaded piece of an even wall is the same wall. `closer` is how many times larger the
    regions are, as in a part of a picture seen by itself.
    """
    shaded = picture.copy()
    style = styles[int(random.integers(len(styles)))]
    ellipse = bool(random.integers(2))
    for _ in range(random.integers(1, 4)):
        region = _anywhere(shaded, random, closer)
        replacement = _shaded(_detailed(other, region.shape[0], region.shape[1], random), style)
        mask = _ellipse(region) if ellipse else np.ones(region.shape[:2], bool)
        if replacement.shape != region.shape:
            replacement = np.asarray(cv2.resize(replacement, region.shape[1::-1]), np.uint8)
        region[mask] = replacement[mask]
    return shaded


def disturb_somewhere(picture: Picture, random: Random, closer: float = 1.0) -> Picture:
    """Give a copy with up to two regions that no shading makes: another flat colour, noise, another light."""
    disturbed = picture.copy()
    for _ in range(random.integers(0, 3)):
        region = _anywhere(disturbed, random, closer)
        kind = random.integers(3)
        if kind == 0:
            colour = random.integers(0, 256, 3)
            region[:] = colour if np.abs(colour - _COLOUR).max() > 60 else 255 - colour
        elif kind == 1:
            region[:] = random.integers(0, 256, region.shape)
        else:
            region[:] = region // 2 + random.integers(0, 128)
    return disturbed


def vary(picture: Picture, random: Random, closer: float = 1.0) -> Picture:
    """Give another view of a place: a part of it, `closer` or less, perhaps mirrored, in another light."""
    height, width = picture.shape[:2]
    share = random.uniform(0.55, 1.0) / closer
    rows, columns = round(height * share), round(width * share)
    top, left = random.integers(0, height - rows + 1), random.integers(0, width - columns + 1)
    part = picture[top : top + rows, left : left + columns]
    if random.integers(2):
        part = part[:, ::-1]
    gains = random.uniform(0.6, 1.3) * random.uniform(0.9, 1.1, 3)
    curves = np.arange(256)[:, None] * gains + random.uniform(-20, 20)
    table = np.clip(curves, 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(np.ascontiguousarray(part), table), np.uint8)


def _anywhere(picture: Picture, random: Random, closer: float) -> Picture:
    rows, columns = picture.shape[:2]
    share = closer * float(np.exp(random.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    height = min(rows, max(8, round(rows * share)))
    width = min(columns, max(8, round(height * random.uniform(0.65, 1.0))))
    top, left = random.integers(0, rows - height + 1), random.integers(0, columns - width + 1)
    return picture[top : top + height, left : left + width]


def _detailed(picture: Picture, height: int, width: int, random: Random) -> Picture:
    rows, columns = picture.shape[:2]
    height, width = min(height, rows), min(width, columns)
    best = picture[:height, :width]
    for _ in range(_TRIES):
        top, left = random.integers(0, rows - height + 1), random.integers(0, columns - width + 1)
        part = picture[top : top + height, left : left + width]
        if part[::2, ::2].std() > best[::2, ::2].std():
            best = part
    return best


def _shaded(region: Picture, style: Style) -> Picture:
    height, width = region.shape[:2]
    if style == "solid":
        return np.full_like(region, _COLOUR)
    cells = tuple(min(_CELLS, max(1, side // _CELL_PIXELS)) for side in (width, height))
    coarse = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    smooth = cv2.INTER_NEAREST if style == "mosaic" else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=smooth), np.uint8)


def _ellipse(region: Picture) -> NDArray[np.bool_]:
    height, width = region.shape[:2]
    down = (np.arange(height) + 0.5) / (height / 2) - 1
    across = (np.arange(width) + 0.5) / (width / 2) - 1
    return np.asarray(down[:, None] ** 2 + across[None, :] ** 2 <= 1)
