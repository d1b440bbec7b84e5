"""Pictures as a network takes them: cut around a face, decoded, brought to size, normalised.

The lab trains through these very functions, so a region at run time is what the network has learnt.
OpenCV is imported when a picture is first cut or decoded: an analyzer of embeddings never loads it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import BadPayload, BadRegions
from models.manifest import InputSpec, RegionSpec
from models.quantise import Floats

Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]

MAX_PIXELS: Final = 64 << 20


def normalise(regions: Picture, size: InputSpec) -> Floats:
    """Turn uint8 [n, height, width, 3] into float32 [n, 3, height, width], (x/255 - mean) / std."""
    std = np.asarray(size.std, np.float32)
    scaled = regions.astype(np.float32) * (1.0 / (255.0 * std)) - np.asarray(size.mean, np.float32) / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


def face_window(box: Box, margin: float) -> Box:
    """Give the window (x, y, width, height) around a face's box of that form, in pixels.

    `margin` of the box's width is added on the left and on the right, of its height above and below.
    """
    x, y, width, height = box
    left, top = round(x - margin * width), round(y - margin * height)
    right, bottom = round(x + (1 + margin) * width), round(y + (1 + margin) * height)
    return (left, top, max(1, right - left), max(1, bottom - top))


def cut(picture: Picture, box: Box, region: RegionSpec, size: InputSpec) -> Picture:
    """Cut one region out of an RGB picture [h, w, 3] and stretch it to the input's size.

    A face's window may pass the picture's edge; what is missing repeats the last row or column.
    For `whole` the box is not looked at.

    Raises:
        BadRegions: the picture is not RGB, or the window does not touch it.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
        raise BadRegions(f"a picture of shape {picture.shape} is not RGB")
    if region.kind == "whole":
        return _resize(picture, size)
    return _resize(_take(picture, face_window(box, region.margin)), size)


def decode_picture(jpeg: bytes, size: InputSpec) -> Picture:
    """Decode a censored picture and bring it to the input's size: RGB uint8 [height, width, 3].

    Raises:
        BadPayload: the bytes are not a JPEG, or claim more pixels than are decoded here.
    """
    import cv2  # noqa: PLC0415 - only analyzers of pictures need it

    width, height = jpeg_size(jpeg)
    if width * height > MAX_PIXELS:
        raise BadPayload(f"a JPEG of {width}×{height} pixels; at most {MAX_PIXELS} are decoded")
    try:
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise BadPayload("a payload that is not a whole JPEG") from error
    if decoded is None:
        raise BadPayload("a payload that is not a whole JPEG")
    return _resize(np.asarray(decoded, np.uint8), size)


def encode_picture(picture: Picture, quality: int = 90) -> bytes:
    """Give an RGB picture [h, w, 3] as a JPEG.

    Raises:
        BadRegions: OpenCV does not encode it.
    """
    import cv2  # noqa: PLC0415 - see the module's docstring

    made, packed = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not made:
        raise BadRegions(f"a picture of shape {picture.shape} cannot be stored as a JPEG")
    return bytes(packed)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Read a JPEG's width and height from its header, before any pixel is decoded.

    Raises:
        BadPayload: no header of a JPEG.
    """
    place = 2
    while jpeg[:2] == b"\xff\xd8" and place + 9 <= len(jpeg) and jpeg[place] == 0xFF:
        kind, length = jpeg[place + 1], int.from_bytes(jpeg[place + 2 : place + 4], "big")
        # SOF0 to SOF15 carry the size; DHT, JPG and DAC share their range.
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return (
                int.from_bytes(jpeg[place + 7 : place + 9], "big"),
                int.from_bytes(jpeg[place + 5 : place + 7], "big"),
            )
        place += 2 + max(length, 2)
    raise BadPayload("a payload that is not a JPEG")


def _take(picture: Picture, window: Box) -> Picture:
    x, y, width, height = window
    rows, columns = picture.shape[:2]
    if x >= columns or y >= rows or x + width <= 0 or y + height <= 0:
        raise BadRegions(f"a face at {window} lies outside the {columns}×{rows} picture")
    if x >= 0 and y >= 0 and x + width <= columns and y + height <= rows:
        return picture[y : y + height, x : x + width]
    # Clamped indices repeat the edge without a padded copy of the whole picture.
    down = np.clip(np.arange(y, y + height), 0, rows - 1)
    across = np.clip(np.arange(x, x + width), 0, columns - 1)
    return picture[down[:, None], across[None, :]]


def _resize(picture: Picture, size: InputSpec) -> Picture:
    import cv2  # noqa: PLC0415 - see the module's docstring

    smaller = picture.shape[0] >= size.height and picture.shape[1] >= size.width
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size.width, size.height), interpolation=method), np.uint8)
