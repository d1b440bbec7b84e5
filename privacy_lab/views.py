"""Other views of a place, what only looks like shading, and faces put where there was none.

Nothing here shades: that is done by the run time's own `censor`, on what these functions give.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from feature_node.box import Box, PixelBox, grow, inside
from feature_node.extractor_shade import ShadeOptions
from feature_node.shading import COLOUR, shade
from privacy_lab.places import Place

Picture = NDArray[np.uint8]
Random = np.random.Generator

# The height of a shaded region as a share of the picture's.
_SMALLEST, _LARGEST = 0.07, 0.5
# The width of the smallest camera's view as a share of the clip's.
_COARSEST: Final = 0.35
# So many parts are looked at, and the most detailed is taken.
_TRIES: Final = 6


def vary(place: Place, random: Random, closer: float = 1.0) -> Place:
    """Give another view: a part of the place, `closer` or less, perhaps mirrored, in another light.

    Half of the views are of a smaller camera: pictures without fine detail are not shaded ones.
    """
    height, width = place.picture.shape[:2]
    share = random.uniform(0.55, 1.0) / closer
    rows, columns = round(height * share), round(width * share)
    top, left = (int(random.integers(0, most + 1)) for most in (height - rows, width - columns))
    part = place.picture[top : top + rows, left : left + columns]
    faces = [face._replace(x=face.x - left, y=face.y - top) for face in place.faces]
    if random.integers(2):
        part = part[:, ::-1]
        faces = [face._replace(x=columns - face.x - face.width) for face in faces]
    gains = random.uniform(0.6, 1.3) * random.uniform(0.9, 1.1, 3)
    curves = np.arange(256)[:, None] * gains + random.uniform(-20, 20)
    table = np.clip(curves, 0, 255).astype(np.uint8)[None]
    picture = np.asarray(cv2.LUT(np.ascontiguousarray(part), table), np.uint8)
    seen = Place(picture, tuple(face for face in faces if _seen(face, columns, rows)))
    return _smaller(seen, random.uniform(_COARSEST, 1.0)) if random.integers(2) else seen


def disturb_somewhere(place: Place, random: Random, closer: float = 1.0) -> Place:
    """Put up to two regions there that no shading makes: another flat colour, noise, another light."""
    disturbed = place.picture.copy()
    for _ in range(random.integers(0, 3)):
        x, y, width, height = _anywhere(disturbed, random, closer)
        region = disturbed[y : y + height, x : x + width]
        kind = random.integers(3)
        if kind == 0:
            colour = random.integers(0, 256, 3)
            region[:] = colour if np.abs(colour - COLOUR[0]).max() > 60 else 255 - colour
        elif kind == 1:
            region[:] = random.integers(0, 256, region.shape)
        else:
            region[:] = region // 2 + random.integers(0, 128)
    return Place(disturbed, place.faces)


def put_somewhere(
    place: Place, other: Place, options: ShadeOptions, random: Random, closer: float = 1.0
) -> Place:
    """Put one to three faces or detailed parts of `other` at random places, to be shaded with `options`.

    A face differs from what is around it, while a shaded piece of an even wall is the same wall. Exactly
    the pixels that will be shaded are replaced, so that no other trace tells where. `closer` is how many
    times larger the regions are, as in a part of a picture seen by itself.
    """
    picture, faces = place.picture.copy(), []
    rows, columns = picture.shape[:2]
    for _ in range(random.integers(1, 4)):
        x, y, width, height = _anywhere(picture, random, closer)
        share = 1 / (1 + 2 * options.dilate)
        face = Box(x + width * (1 - share) / 2, y + height * (1 - share) / 2, width * share, height * share)
        boxes = inside([grow(face, options.dilate)], columns, rows)
        covered = shade(np.zeros_like(picture), boxes, "solid", options.shape)[:, :, 0] != 0
        down, across = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
        window = np.s_[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
        patch = _patch(other, options, (across[-1] - across[0] + 1, down[-1] - down[0] + 1), random)
        mask = covered[window]
        picture[window][mask] = patch[mask]
        faces.append(face)
    return Place(picture, tuple(faces))


def _smaller(place: Place, share: float) -> Place:
    rows, columns = (max(8, round(side * share)) for side in place.picture.shape[:2])
    down, across = rows / place.picture.shape[0], columns / place.picture.shape[1]
    picture = cv2.resize(place.picture, (columns, rows), interpolation=cv2.INTER_AREA)
    faces = (Box(x * across, y * down, w * across, h * down, score) for x, y, w, h, score in place.faces)
    return Place(np.asarray(picture, np.uint8), tuple(faces))


def _seen(face: Box, columns: int, rows: int) -> bool:
    x, y = face.x + face.width / 2, face.y + face.height / 2
    return 0 <= x < columns and 0 <= y < rows


def _anywhere(picture: Picture, random: Random, closer: float) -> PixelBox:
    rows, columns = picture.shape[:2]
    share = closer * float(np.exp(random.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    height = min(rows, max(8, round(rows * share)))
    width = min(columns, max(8, round(height * random.uniform(0.65, 1.0))))
    top, left = random.integers(0, rows - height + 1), random.integers(0, columns - width + 1)
    return (int(left), int(top), width, height)


def _patch(other: Place, options: ShadeOptions, size: tuple[int, int], random: Random) -> Picture:
    rows, columns = other.picture.shape[:2]
    boxes = inside((grow(face, options.dilate) for face in other.faces), columns, rows)
    if boxes and random.integers(2):
        x, y, width, height = boxes[int(random.integers(len(boxes)))]
        part = other.picture[y : y + height, x : x + width]
    else:
        part = _detailed(other.picture, size[1], size[0], random)
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.uint8)


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
