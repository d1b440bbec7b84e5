"""From a frame's JPEG to pixels, and back: sizes are checked before anything is decoded."""

import functools
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from broker.bounds import MAX_PIXELS, MAX_SIDE
from feature_node.errors import BadPicture, ExtractorError
from models.errors import BadPayload
from models.pictures import jpeg_size

Picture = NDArray[np.uint8]

_END_OF_IMAGE: Final = b"\xff\xd9"


@functools.cache
def _cv2() -> Any:
    import cv2  # noqa: PLC0415 - a quarter of the start-up time; loaded by a thread while the links connect

    # Frames are worked on side by side already; a pool within each step would only get in their way.
    cv2.setNumThreads(1)
    return cv2


def decode(jpeg: bytes, width: int, height: int) -> Picture:
    """Decode a JPEG of the announced size into BGR uint8 [height, width, 3].

    An orientation flag is ignored: the camera has announced the size of the pixels as they are stored.

    Raises:
        BadPicture: It is not a whole JPEG, is larger than allowed, or has another size than announced.
    """
    try:
        found = jpeg_size(jpeg)
    except BadPayload:
        raise BadPicture("not a JPEG") from None
    if max(found) > MAX_SIDE or found[0] * found[1] > MAX_PIXELS:
        raise BadPicture(f"{found[0]}x{found[1]} pixels are more than are decoded")
    if found != (width, height):
        raise BadPicture(f"{found[0]}x{found[1]} pixels, announced were {width}x{height}")
    if _END_OF_IMAGE not in jpeg[-4096:] and _END_OF_IMAGE not in jpeg:
        raise BadPicture("the JPEG is cut short")
    picture = _decode(jpeg)
    if picture is None or picture.shape != (height, width, 3):
        raise BadPicture("the JPEG is damaged")
    return picture


def _decode(jpeg: bytes) -> Picture | None:
    cv2 = _cv2()
    try:
        decoded = cv2.imdecode(
            np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
    except cv2.error:
        return None
    return None if decoded is None else np.asarray(decoded, np.uint8)


def encode(picture: Picture, quality: int) -> bytes:
    """Encode BGR pixels as a JPEG that holds nothing but them: no metadata, no thumbnail.

    Raises:
        ExtractorError: It cannot be encoded.
    """
    cv2 = _cv2()
    try:
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise ExtractorError("the picture cannot be encoded") from error
    if not done:
        raise ExtractorError("the picture cannot be encoded")
    return bytes(data)


def to_rgb(picture: Picture) -> Picture:
    """Turn BGR into RGB, as networks take it."""
    cv2 = _cv2()
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def resize(picture: Picture, size: tuple[int, int]) -> Picture:
    """Stretch a picture, uint8 [h, w, 3], to `size`, which is (width, height) in pixels."""
    cv2 = _cv2()
    smaller = picture.shape[1] >= size[0] and picture.shape[0] >= size[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)
