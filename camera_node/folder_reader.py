"""Reads a folder of images, or a single one, in the order of the numbers in their names."""

import re
import time
from pathlib import Path
from typing import Final, final

import cv2
import numpy as np

from camera_node.errors import BadSource
from camera_node.reader import Moment
from camera_node.source import SourceInfo
from camera_node.video_reader import check_readable
from camera_node.zones import Pixels

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
DEFAULT_FPS: Final = 10.0
"""Images have no times of their own: this is how fast they play where timing is asked for."""
MAX_FILE_BYTES: Final = 512 * 2**20
MAX_IMAGES: Final = 1_000_000


@final
class FolderReader:
    """A `Reader` of images; one that cannot be decoded, or is too large, is counted and passed over.

    Args:
        path: The folder, or one image.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: list[Path] = []
        self._next = 0
        self._undecodable = 0

    @property
    def undecodable(self) -> int:
        """Images passed over so far."""
        return self._undecodable

    def open(self) -> SourceInfo:
        """List the images.

        Raises:
            BadSource: The folder is not there, not ours to read, or holds no image.
        """
        check_readable(self._path)
        found = [self._path] if self._path.is_file() else _images_in(self._path)
        if not found:
            raise BadSource(
                f"{self._path} holds no images ({', '.join(sorted(SUFFIXES))}). Inner ones do not count."
            )
        self._images = found
        return SourceInfo(0, 0, DEFAULT_FPS, len(found))

    def advance(self) -> Moment | None:
        """Step to the next image; None after the last."""
        if self._next >= len(self._images):
            return None
        self._next += 1
        return Moment(time.time_ns(), (self._next - 1) / DEFAULT_FPS)

    def pixels(self) -> Pixels | None:
        """Decode the image stepped to, turned as its metadata says; None if that fails."""
        pixels = _decode(self._images[self._next - 1])
        self._undecodable += pixels is None
        return pixels

    def close(self) -> None:
        """Nothing stays open."""


def _images_in(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()]
    except OSError as error:
        raise BadSource(f"{folder} cannot be listed: {error.strerror}. Check its permissions.") from None
    return sorted(found, key=_natural)[:MAX_IMAGES]


def _natural(path: Path) -> list[tuple[int, str]]:
    # "frame10" after "frame9": each run of digits sorts as the number it is.
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name)]


def _decode(path: Path) -> Pixels | None:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        data = path.read_bytes()
        # OpenCV refuses by the header, before it allocates: see the limits in `camera_node.capture`.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except (OSError, cv2.error):
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)
