"""Pictures of places with the faces that the run time's own detector finds in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feature_node.box import Box
from feature_node.centerface import CenterFace
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.detector import Detector
from feature_node.errors import EdgeError
from feature_node.extractor_shade import SHADE_THRESHOLD
from feature_node.picture import decode, encode
from privacy_lab.clips import CLIP_SETS, LEARNT_WIDTH, find_clips, frames, photographs
from privacy_lab.errors import BadData, BadRecipe
from privacy_lab.recipe import PictureRecipe

Picture = NDArray[np.uint8]

PHOTOGRAPHS: Final = "photographs"
# A camera sends each frame as a JPEG of this quality before anything is shaded.
_CAMERA_QUALITY: Final = 90


@dataclass(frozen=True, slots=True)
class Place:
    """A picture as the edge decodes it, BGR uint8 [h, w, 3], and the faces that it finds there."""

    picture: Picture
    faces: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Uncensored pictures by the clip set they are from."""

    train: dict[str, list[Place]]
    held_out: dict[str, list[Place]]


def shading_detector() -> Detector:
    """Give the detector with which an edge shades unless it is told otherwise.

    Raises:
        BadData: it is not installed.
    """
    try:
        return CenterFace(load_model(weights_path(), cache_folder()), threshold=SHADE_THRESHOLD)
    except EdgeError as error:
        raise BadData(str(error)) from error


def read_places(recipe: PictureRecipe, data: Path, detector: Detector) -> Places:
    """Read the frames that the recipe names; a clip that is held out trains nothing.

    Frames that are held out keep their size: how coarse a shaded region is depends on its pixels.

    Raises:
        BadData: a clip set is not there, or a clip cannot be read.
        BadRecipe: the recipe names a clip set that is none.
    """
    return Places(
        {key: _places(_train(key, recipe, data), detector) for key in recipe.train},
        {key: _places(_held_out(key, recipe, data), detector) for key in recipe.held_out},
    )


def _places(pictures: Iterator[Picture], detector: Detector) -> list[Place]:
    found = []
    for rgb in pictures:
        height, width = rgb.shape[:2]
        sent = decode(encode(np.ascontiguousarray(rgb[:, :, ::-1]), _CAMERA_QUALITY), width, height)
        found.append(Place(sent, detector.detect(sent)))
    return found


def _train(key: str, recipe: PictureRecipe, data: Path) -> Iterator[Picture]:
    if key == PHOTOGRAPHS:
        return iter(photographs())
    parted = [word.partition("/") for word in recipe.held_out]
    withheld = {one for of, _, one in parted if of == key.partition("/")[0]}
    return _frames(
        [clip for clip in _clips(key, recipe, data) if clip.stem not in withheld], recipe, LEARNT_WIDTH
    )


def _held_out(key: str, recipe: PictureRecipe, data: Path) -> Iterator[Picture]:
    return _frames(_clips(key, recipe, data), recipe, None)


def _frames(clips: list[Path], recipe: PictureRecipe, widest: int | None) -> Iterator[Picture]:
    for clip in clips:
        yield from frames(clip, recipe.every, widest)


def _clips(key: str, recipe: PictureRecipe, data: Path) -> list[Path]:
    name, _, stem = key.partition("/")
    about = next((one for one in CLIP_SETS if one.key == name), None)
    if about is None:
        known = ", ".join([*(one.key for one in CLIP_SETS), PHOTOGRAPHS])
        raise BadRecipe(f"{recipe.name}: {key!r} is not a clip set; choose among {known}")
    clips = [clip for clip in find_clips(data, about) if not stem or clip.stem == stem]
    if not clips:
        raise BadData(f"{recipe.name}: {key!r}: no such clip in {data}")
    return clips
