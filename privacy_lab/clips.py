"""Pictures of many places without a word about who is in them: frames of clips, and photographs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from privacy_lab.errors import BadData

Picture = NDArray[np.uint8]

# Photographs that scikit-image carries in its package; nothing is downloaded.
_PHOTOGRAPHS: Final = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "grass",
    "gravel",
    "hubble_deep_field",
    "rocket",
)
LEARNT_WIDTH: Final = 640
"""A frame is learnt from at this width at most: what a shaded region looks like does not need more."""


@dataclass(frozen=True, slots=True)
class ClipSet:
    """Clips of one origin under one licence; `pattern` finds them in the folder of videos."""

    key: str
    pattern: str
    source: str
    terms: str


CLIP_SETS: Final = (
    ClipSet("asl", "intel_asl_5people/*.mkv", "github.com/intel-iot-devkit/sample-videos", "CC BY 4.0"),
    ClipSet("car", "intel_car/*.mp4", "github.com/intel-iot-devkit/sample-videos", "CC BY 4.0"),
    ClipSet("stage", "face_recognition_clip/*.mp4", "github.com/ageitgey/face_recognition", "MIT"),
    ClipSet("crowd", "facenet_crowd_1080p/*.mp4", "github.com/timesler/facenet-pytorch", "MIT"),
    ClipSet("motorway", "bgslibrary_traffic/*.avi", "github.com/andrewssobral/bgslibrary", "MIT"),
)


def find_clips(folder: Path, about: ClipSet, without: Sequence[str] = ()) -> list[Path]:
    """Name the set's clips in `folder`/videos or `folder`, but for those whose stem is in `without`.

    Raises:
        BadData: none is there.
    """
    found = sorted((folder / "videos").glob(about.pattern)) or sorted(folder.glob(about.pattern))
    clips = [path for path in found if path.stem not in without]
    if not clips:
        raise BadData(
            f"{folder / 'videos' / about.pattern}: no clip there. --data names the folder over videos/"
        )
    return clips


def frames(clip: Path, every: int, widest: int | None = None) -> Iterator[Picture]:
    """Give each `every`-th frame as RGB uint8 [h, w, 3], at most `widest` pixels wide.

    Raises:
        BadData: the clip does not open, or has no frame.
    """
    video = cv2.VideoCapture(str(clip))
    try:
        number = 0
        while True:
            there, frame = video.read()
            if not there:
                break
            if number % every == 0:
                yield _bounded(np.asarray(frame[:, :, ::-1], np.uint8), widest)
            number += 1
    finally:
        video.release()
    if number == 0:
        raise BadData(f"{clip}: no frame can be read from it")


def photographs() -> list[Picture]:
    """Give the photographs that scikit-image carries, as RGB uint8 [h, w, 3]."""
    pictures = [np.asarray(getattr(skimage.data, name)(), np.uint8) for name in _PHOTOGRAPHS]
    colours = (one if one.ndim == 3 else one[:, :, None].repeat(3, axis=2) for one in pictures)
    return [_bounded(one, LEARNT_WIDTH) for one in colours]


def _bounded(picture: Picture, widest: int | None) -> Picture:
    height, width = picture.shape[:2]
    if widest is None or width <= widest:
        return np.ascontiguousarray(picture)
    size = (widest, max(1, round(height * widest / width)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
