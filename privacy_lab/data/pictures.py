"""Pictures of a data set: decoded when asked for, or one array where all are of one size."""

import re
import struct
from collections.abc import Callable, Sequence
from typing import Final, final, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import BadPayload
from models.pictures import MAX_PIXELS, Picture, jpeg_size
from privacy_lab.errors import BadData

SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".ppm", ".pgm", ".bmp")

_PNM: Final = re.compile(rb"P[2356](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")


def decode(data: bytes, name: str) -> Picture:
    """Give a JPEG, PNG, PPM, PGM or BMP as RGB uint8 [height, width, 3]; grey becomes three equal channels.

    Raises:
        BadData: the bytes are no such picture, are cut off, or claim more pixels than are decoded here.
    """
    height, width = _claimed_size(data, name)
    if height * width > MAX_PIXELS:
        raise BadData(f"{name}: a picture of {width}×{height} pixels; at most {MAX_PIXELS} are decoded")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise BadData(f"{name} is not a picture") from error
    if picture is None:
        raise BadData(f"{name} is not a picture")
    return np.asarray(picture, np.uint8)


@final
class Encoded(Sequence[Picture]):
    """Pictures kept as their files' bytes: many large photographs fit, since few are looked at once."""

    def __init__(self, files: Sequence[bytes], names: Sequence[str]) -> None:
        self._files, self._names = tuple(files), tuple(names)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> "Encoded": ...
    def __getitem__(self, index: int | slice) -> "Picture | Encoded":
        """Decode picture `index`, or give some of the pictures, still encoded."""
        if isinstance(index, slice):
            return Encoded(self._files[index], self._names[index])
        return decode(self._files[index], self._names[index])


@final
class Stack(Sequence[Picture]):
    """Pictures of one size in one array, uint8 [n, height, width, 3], which is `array`."""

    def __init__(self, array: NDArray[np.uint8]) -> None:
        if array.ndim != 4 or array.shape[3] != 3 or array.dtype != np.uint8:
            raise BadData(f"pictures of shape {array.shape} and type {array.dtype} are not RGB of 8 bits")
        self.array = np.ascontiguousarray(array)

    def __len__(self) -> int:
        """Count the pictures."""
        return len(self.array)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> "Stack": ...
    def __getitem__(self, index: int | slice) -> "Picture | Stack":
        """Give picture `index`, or some of the pictures; neither is a copy."""
        if isinstance(index, slice):
            return Stack(self.array[index])
        picture: Picture = self.array[index]
        return picture


def grey_stack(grey: NDArray[np.uint8]) -> Stack:
    """Give grey pictures [n, height, width] as RGB of three equal channels."""
    return Stack(np.repeat(grey[..., None], 3, axis=3))


def planar_stack(planes: NDArray[np.uint8]) -> Stack:
    """Give pictures stored plane by plane, [n, 3, height, width], as RGB."""
    return Stack(planes.transpose(0, 2, 3, 1))


def _claimed_size(data: bytes, name: str) -> tuple[int, int]:
    for starts, size_of in _KINDS:
        if data.startswith(starts):
            try:
                return size_of(data)
            except (struct.error, BadPayload, ValueError) as error:
                raise BadData(f"{name} is damaged: {error}") from error
    raise BadData(f"{name} is not a picture of a kind that is read ({', '.join(SUFFIXES)})")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    # OpenCV fills what is missing with grey and says nothing. An end marker cannot stand inside a scan.
    if data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise ValueError("the JPEG is cut off")
    width, height = jpeg_size(data)
    return height, width


def _png_size(data: bytes) -> tuple[int, int]:
    if b"IEND" not in data[-64:]:
        raise ValueError("the PNG is cut off")
    width, height = struct.unpack_from(">II", data, 16)
    return height, width


def _bmp_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    return abs(height), abs(width)


def _pnm_size(data: bytes) -> tuple[int, int]:
    header = _PNM.match(data)
    if header is None:
        raise ValueError("no width and height")
    return int(header[2]), int(header[1])


_KINDS: Final[tuple[tuple[bytes, Callable[[bytes], tuple[int, int]]], ...]] = (
    (b"\xff\xd8", _jpeg_size),
    (b"\x89PNG\r\n\x1a\n", _png_size),
    (b"BM", _bmp_size),
    (b"P", _pnm_size),
)
