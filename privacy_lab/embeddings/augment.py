"""What a camera and a detector may do to a region, done to training pictures at random."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec, RegionSpec
from privacy_lab.data.regions import regions_of
from privacy_lab.embeddings.parts import Part
from privacy_lab.recipe import Recipe

Picture = NDArray[np.uint8]
Random = np.random.Generator

# Pixels kept around a region, as a share of its side, so that shifts and turns show real surroundings.
_ROOM: Final = 0.15


def canvases(parts: Sequence[Part], recipe: Recipe) -> Picture:
    """Cut the training regions with room around each, at the input's scale: uint8 [n, h + 2 room, ..., 3]."""
    margin = recipe.region.margin if recipe.region.kind == "face" else 0.0
    wider = RegionSpec("face", (0.5 + margin) * (1 + 2 * _ROOM) - 0.5)
    size = recipe.input
    rows, columns = (side + 2 * round(_ROOM * side) for side in (size.height, size.width))
    larger = InputSpec(rows, columns, 3, size.mean, size.std)
    cuts = [regions_of(part.data, part.division.train, wider, larger).images for part in parts]
    return np.concatenate(cuts)


def augment(picture: Picture, size: InputSpec, random: Random, *, flip: bool = True) -> Picture:
    """Give one random view of a canvas as uint8 [height, width, 3]; the same `random`, the same view."""
    view = _warp(picture, size, random, flip)
    view = _recolour(view, random)
    view = _degrade(view, random)
    if random.random() < 0.25:
        _hide(view, random)
    return view


def _warp(picture: Picture, size: InputSpec, random: Random, flip: bool) -> Picture:
    rows, columns = picture.shape[:2]
    zoom = random.uniform(0.86, 1.16)
    turn, stretch = np.deg2rad(random.normal(0, 7)), random.uniform(0.93, 1.07)
    shift = random.uniform(-0.07, 0.07, 2) * (size.width, size.height)
    side = -1.0 if flip and random.random() < 0.5 else 1.0
    cosine, sine = zoom * np.cos(turn), zoom * np.sin(turn)
    across = np.array([side * cosine * stretch, -sine / stretch])
    down = np.array([side * sine * stretch, cosine / stretch])
    centre = np.array([columns - 1, rows - 1]) / 2
    place = np.array([size.width - 1, size.height - 1]) / 2 + shift
    matrix = np.array([[*across, place[0] - across @ centre], [*down, place[1] - down @ centre]])
    flags, edge = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(picture, matrix, (size.width, size.height), flags=flags, borderMode=edge)
    return np.asarray(warped, np.uint8)


def _recolour(picture: Picture, random: Random) -> Picture:
    values = picture.astype(np.float32)
    if random.random() < 0.2:
        values[:] = values.mean(axis=2, keepdims=True)
    else:
        values *= random.uniform(0.88, 1.12, 3).astype(np.float32)
    mean = values.mean()
    values = (values - mean) * random.uniform(0.65, 1.3) + mean * random.uniform(0.6, 1.3)
    if random.random() < 0.2:
        values += random.normal(0, random.uniform(2, 12), values.shape)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _degrade(picture: Picture, random: Random) -> Picture:
    if random.random() < 0.4:
        picture = _coarsen(picture, random.uniform(0.25, 0.9))
    elif random.random() < 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.6)), np.uint8)
    if random.random() < 0.25:
        quality = int(random.integers(30, 90))
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.array(picture, np.uint8)


def _coarsen(picture: Picture, share: float) -> Picture:
    # A face far away has few pixels: fewer than the input's are brought to its size by interpolation.
    rows, columns = picture.shape[:2]
    small = (max(8, round(columns * share)), max(8, round(rows * share)))
    few = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (columns, rows), interpolation=cv2.INTER_LINEAR), np.uint8)


def _hide(picture: Picture, random: Random) -> None:
    rows, columns = picture.shape[:2]
    height, width = random.integers(rows // 6, rows // 3), random.integers(columns // 6, columns // 3)
    top, left = random.integers(0, rows - height), random.integers(0, columns - width)
    picture[top : top + height, left : left + width] = random.integers(0, 256, 3)
