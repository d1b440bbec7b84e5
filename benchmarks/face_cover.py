"""Child: whether every face box that `deface` finds in a clip lies under our shaded regions.

Their boxes: deface's own CenterFace class, at the command's threshold, on the decoded picture. Ours: what the
edge would cover, through detector, hold and growth: once in the same pixels, and once in the picture as a
camera sends it, which is a JPEG.
"""

import asyncio
import contextlib
import math
import os
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias, final

import deface.centerface
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.children import own_arguments, say
from benchmarks.one_process import pictures_of
from benchmarks.player import QUALITY
from feature_node.box import PixelBox
from feature_node.centerface import CenterFace
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.detector import Detector
from feature_node.extractor import Faces
from feature_node.extractor_shade import SHADE_THRESHOLD, ShadeExtractor, ShadeOptions, shade_profile
from feature_node.hold import Hold
from feature_node.picture import Picture, decode, encode
from feature_node.threads import Threads

Mask: TypeAlias = NDArray[np.bool_]

COVERED: Final = 0.99
"""A face box counts as covered when at least this share of its pixels is shaded."""
DEFACE_THRESHOLD: Final = 0.2
DEFACE_GROWTH: Final = 0.3
"""deface shades a box that is larger than the face's by this share of its sides, on each side."""
_HOLD: Final = (3, 0.5)
_FRAME_NS: Final = 40_000_000


class Comparison(msgspec.Struct, frozen=True):
    """A clip and the detection size."""

    clip: Path
    size: tuple[int, int]


class Cover(msgspec.Struct):
    """What was found: their face boxes, those not covered, the least share covered, mean shares shaded."""

    frames: int = 0
    boxes: int = 0
    misses: int = 0
    least: float = 1.0
    our_area: float = 0.0
    their_area: float = 0.0


class Covers(msgspec.Struct, frozen=True):
    """The same clip twice: faces looked for in the pixels that deface sees, and after a camera's JPEG."""

    same_pixels: Cover
    after_jpeg: Cover


@final
class Watcher:
    """Covers one clip as the edge does, and compares."""

    def __init__(self, detector: Detector, extractor: ShadeExtractor) -> None:
        self.cover = Cover()
        self._detector = detector
        self._extractor = extractor
        self._hold = Hold(*_HOLD)

    async def look(self, picture: Picture, theirs: NDArray[Any]) -> None:
        """Take in a frame and deface's boxes in it."""
        found = self._detector.detect(picture)
        faces = Faces(found, self._hold.cover((self.cover.frames + 1) * _FRAME_NS, found))
        extraction = await self._extractor.extract(picture, faces)
        count(self.cover, shaded(extraction.boxes, picture), theirs)

    def summary(self) -> Cover:
        """Give the counts, and the areas as means over the frames."""
        frames = max(1, self.cover.frames)
        areas = {"our_area": self.cover.our_area / frames, "their_area": self.cover.their_area / frames}
        return msgspec.structs.replace(self.cover, **areas)


def shaded(boxes: tuple[PixelBox, ...], picture: Picture) -> Mask:
    """Mark the pixels inside any of the boxes."""
    mask = np.zeros(picture.shape[:2], np.bool_)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = True
    return mask


def count(cover: Cover, ours: Mask, theirs: NDArray[Any]) -> None:
    """Take in a frame: our mask and their boxes [n, 4 or more] of left, top, right, bottom."""
    mask = np.zeros_like(ours)
    for left, top, right, bottom in theirs[:, :4].tolist():
        face = _inside(ours, left, top, right, bottom)
        share = float(face.mean()) if face.size else 1.0
        cover.boxes += 1
        cover.misses += share < COVERED
        cover.least = min(cover.least, share)
        dx, dy = (right - left) * DEFACE_GROWTH, (bottom - top) * DEFACE_GROWTH
        _inside(mask, left - dx, top - dy, right + dx, bottom + dy)[:] = True
    cover.frames += 1
    cover.our_area += float(ours.mean())
    cover.their_area += float(mask.mean())


def _inside(mask: Mask, left: float, top: float, right: float, bottom: float) -> Mask:
    """Give the view of a mask that a box covers, whole pixels."""
    rows = slice(max(0, math.floor(top)), max(0, math.ceil(bottom)))
    return mask[rows, max(0, math.floor(left)) : max(0, math.ceil(right))]


async def compare(comparison: Comparison) -> Covers:
    """Look at every frame of the clip with both."""
    with contextlib.redirect_stdout(sys.stderr):
        theirs = deface.centerface.CenterFace(in_shape=comparison.size, backend="auto")
    cores = len(os.sched_getaffinity(0))
    model = load_model(weights_path(), cache_folder())
    detector = CenterFace(model, size=comparison.size, threshold=SHADE_THRESHOLD, threads=cores)
    async with Threads(1) as threads:
        extractor = ShadeExtractor(shade_profile(), ShadeOptions(), threads)
        same, after = Watcher(detector, extractor), Watcher(detector, extractor)
        for picture in pictures_of(comparison.clip):
            boxes, _ = theirs(picture[:, :, ::-1], threshold=DEFACE_THRESHOLD)
            height, width = picture.shape[:2]
            await same.look(picture, boxes)
            await after.look(decode(encode(picture, QUALITY), width, height), boxes)
    return Covers(same.summary(), after.summary())


if __name__ == "__main__":
    say(asyncio.run(compare(own_arguments(Comparison))))
