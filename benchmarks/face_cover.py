"""Child: whether every face box that `deface` finds in a clip lies under our shaded regions.

Their boxes: deface's own CenterFace class on the decoded picture. Ours: what the edge would cover, from the
picture as a camera sends it (JPEG), through detector, hold and growth.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import deface.centerface
import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.children import own_arguments, say
from benchmarks.player import QUALITY
from feature_node.assembly import SHADE_THRESHOLD
from feature_node.box import PixelBox
from feature_node.centerface import CenterFace
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.extractor import Faces
from feature_node.extractor_shade import ShadeExtractor, ShadeOptions, shade_profile
from feature_node.hold import Hold
from feature_node.picture import Picture, decode, encode
from feature_node.threads import Threads

Mask: TypeAlias = NDArray[np.bool_]

COVERED: Final = 0.99
"""A face box counts as covered when at least this share of its pixels is shaded."""
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


def shaded(boxes: tuple[PixelBox, ...], picture: Picture) -> Mask:
    """Mark the pixels inside any of the boxes."""
    mask = np.zeros(picture.shape[:2], np.bool_)
    for x, y, width, height in boxes:
        mask[y : y + height, x : x + width] = True
    return mask


def count(cover: Cover, ours: Mask, theirs: NDArray[Any]) -> None:
    """Take in a frame: our mask and their boxes [n, 4] of left, top, right, bottom."""
    height, width = ours.shape
    mask = np.zeros_like(ours)
    for left, top, right, bottom in theirs[:, :4].tolist():
        x, y = max(0, int(left)), max(0, int(top))
        face = ours[y : min(height, int(np.ceil(bottom))), x : min(width, int(np.ceil(right)))]
        share = float(face.mean()) if face.size else 1.0
        cover.boxes += 1
        cover.misses += share < COVERED
        cover.least = min(cover.least, share)
        dx, dy = (right - left) * DEFACE_GROWTH, (bottom - top) * DEFACE_GROWTH
        mask[
            max(0, int(top - dy)) : max(0, int(bottom + dy)), max(0, int(left - dx)) : max(0, int(right + dx))
        ] = True
    cover.frames += 1
    cover.our_area += float(ours.mean())
    cover.their_area += float(mask.mean())


async def compare(comparison: Comparison) -> Cover:
    """Look at every frame of the clip with both."""
    with contextlib.redirect_stdout(sys.stderr):
        theirs = deface.centerface.CenterFace(in_shape=comparison.size, backend="auto")
    detector = CenterFace(
        load_model(weights_path(), cache_folder()),
        size=comparison.size,
        threshold=SHADE_THRESHOLD,
        threads=len(os.sched_getaffinity(0)),
    )
    cover, hold = Cover(), Hold(*_HOLD)
    capture = cv2.VideoCapture(str(comparison.clip))
    async with Threads(1) as threads:
        extractor = ShadeExtractor(shade_profile(), ShadeOptions(), threads)
        while True:
            read, pixels = capture.read()
            if not read:
                break
            boxes, _ = theirs(pixels[:, :, ::-1], threshold=SHADE_THRESHOLD)
            height, width = pixels.shape[:2]
            sent = decode(encode(np.asarray(pixels, np.uint8), QUALITY), width, height)
            found = detector.detect(sent)
            faces = Faces(found, hold.cover((cover.frames + 1) * _FRAME_NS, found))
            extraction = await extractor.extract(sent, faces)
            count(cover, shaded(extraction.boxes, sent), boxes)
    cover.our_area /= max(1, cover.frames)
    cover.their_area /= max(1, cover.frames)
    return cover


if __name__ == "__main__":
    say(asyncio.run(compare(own_arguments(Comparison))))
