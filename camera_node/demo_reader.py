"""The demo camera: pans and zooms over the photograph of a face that scikit-image carries."""

import math
import threading
import time
from typing import Any, Final, final

import cv2
import numpy as np

from camera_node.errors import MissingExtra
from camera_node.reader import Moment
from camera_node.source import SourceInfo
from camera_node.zones import Pixels

DEFAULT_FPS: Final = 15.0
DEFAULT_SIZE: Final = (640, 480)
_FACE: Final = (223.0, 115.0)
"""Where the photograph's face is, in its pixels."""


@final
class DemoReader:
    """A `Reader` that plays a camera: real pixels, real geometry that differs in every picture, real time.

    Args:
        fps: Pictures a second; None for 15.
        size: (width, height) of a picture; None for 640x480.
    """

    def __init__(self, fps: float | None, size: tuple[int, int] | None) -> None:
        self._fps = fps or DEFAULT_FPS
        self._size = size or DEFAULT_SIZE
        self._photograph: Pixels | None = None
        self._started = 0.0
        self._index = -1
        self._never = threading.Event()

    @property
    def undecodable(self) -> int:
        """Always 0."""
        return 0

    def open(self) -> SourceInfo:
        """Load the photograph.

        Raises:
            MissingExtra: scikit-image is not installed.
        """
        self._photograph = photograph()
        self._started = time.monotonic()
        return SourceInfo(self._size[0], self._size[1], self._fps, None)

    def advance(self) -> Moment | None:
        """Wait until the next picture is due."""
        self._index += 1
        position = self._index / self._fps
        self._never.wait(timeout=max(0.0, self._started + position - time.monotonic()))
        return Moment(time.time_ns(), position)

    def pixels(self) -> Pixels | None:
        """Look at the photograph from where the camera is now."""
        assert self._photograph is not None  # noqa: S101 - `open` comes first
        return look(self._photograph, self._index / self._fps, self._size)

    def close(self) -> None:
        """Nothing stays open."""


def photograph() -> Pixels:
    """Load the photograph, [512, 512, 3] BGR.

    Raises:
        MissingExtra: scikit-image is not installed.
    """
    try:
        from skimage import data  # noqa: PLC0415 - half a second that only the demo pays
    except ImportError as error:
        raise MissingExtra(
            "demo: needs scikit-image, which carries its photograph: pip install 'penumbra[camera]'"
        ) from error
    carried: Any = data.astronaut
    return np.ascontiguousarray(np.asarray(carried(), np.uint8)[:, :, ::-1])


def look(picture: Pixels, seconds: float, size: tuple[int, int]) -> Pixels:
    """Show the part of a photograph that the panning, zooming camera sees after some seconds.

    Args:
        picture: [height, width, 3].
        seconds: Since the camera started; the way repeats about every two minutes.
        size: (width, height) to give.
    """
    height, width = picture.shape[:2]
    aspect = size[0] / size[1]
    zoom = 0.62 + 0.22 * math.sin(seconds * 2 * math.pi / 11)
    seen_width = min(zoom * width, zoom * height * aspect)
    seen_height = seen_width / aspect
    x = _FACE[0] + 0.22 * seen_width * math.sin(seconds * 2 * math.pi / 17)
    y = _FACE[1] + 0.25 * seen_height * (0.6 + math.sin(seconds * 2 * math.pi / 13) / 2)
    left = min(max(x - seen_width / 2, 0.0), width - seen_width)
    top = min(max(y - seen_height / 2, 0.0), height - seen_height)
    scale = size[0] / seen_width
    way = np.array([[scale, 0.0, -left * scale], [0.0, scale, -top * scale]])
    return np.asarray(cv2.warpAffine(picture, way, size, flags=cv2.INTER_LINEAR), np.uint8)
