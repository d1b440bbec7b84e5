"""From pixels to a JPEG that may leave the capture process: zones black, size fitted, compressed."""

from typing import Any, Final, final

import numpy as np

from broker.bounds import MAX_JPEG_BYTES
from camera_node.errors import SourceFailed
from camera_node.reader import check_dimensions
from camera_node.zones import Pixels, Zone, black_out, check_fit

_SMALLEST_SIDE: Final = 1


@final
class Preparer:
    """Prepares the pictures of one source.

    Args:
        what: The source as it may be shown, for errors.
        zones: Polygons to black out, in pixels of the source's picture.
        size: Fit inside (width, height), never enlarging; None to leave the size.
        quality: Of the JPEG, 1 to 100.
    """

    def __init__(
        self,
        what: str,
        zones: tuple[Zone, ...],
        size: tuple[int, int] | None,
        quality: int,
    ) -> None:
        self._what = what
        self._zones = zones
        self._zones_size: tuple[int, int] | None = None
        self._size = size
        self._quality = quality

    def prepare(self, pixels: Pixels) -> tuple[bytes, int, int] | None:
        """Turn pixels into (JPEG, width, height); None where the JPEG would be too large to send.

        Raises:
            BadOption: A privacy zone lies outside the picture.
            SourceFailed: The picture is too large, or its size changed under the privacy zones.
        """
        height, width = pixels.shape[:2]
        check_dimensions(self._what, width, height)
        self._check_zones(width, height)
        fitted = fit(black_out(pixels, self._zones), self._size)
        jpeg = encode_jpeg(fitted, self._quality)
        return (jpeg, fitted.shape[1], fitted.shape[0]) if len(jpeg) <= MAX_JPEG_BYTES else None

    def _check_zones(self, width: int, height: int) -> None:
        if not self._zones or self._zones_size == (width, height):
            return
        if self._zones_size is not None:
            was = f"{self._zones_size[0]}x{self._zones_size[1]}"
            raise SourceFailed(
                f"{self._what} changed its pictures from {was} to {width}x{height} pixels, where the privacy "
                "zones no longer cover what they should. Set the old size again, or write new zones."
            )
        check_fit(self._zones, width, height)
        self._zones_size = (width, height)


def fit(pixels: Pixels, size: tuple[int, int] | None) -> Pixels:
    """Make a picture fit inside (width, height), keeping its shape and never enlarging it."""
    height, width = pixels.shape[:2]
    scale = min(size[0] / width, size[1] / height) if size else 1.0
    if scale >= 1.0:
        return pixels
    import cv2  # noqa: PLC0415 - only the capture process has it loaded

    target = (max(_SMALLEST_SIDE, round(width * scale)), max(_SMALLEST_SIDE, round(height * scale)))
    return np.asarray(cv2.resize(pixels, target, interpolation=cv2.INTER_AREA), np.uint8)


def encode_jpeg(pixels: Pixels, quality: int) -> bytes:
    """Compress a picture, [height, width, 3] BGR uint8."""
    import cv2  # noqa: PLC0415 - only the capture process has it loaded

    done: bool
    data: Any
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise SourceFailed("a picture could not be compressed as JPEG.")
    return bytes(data)
