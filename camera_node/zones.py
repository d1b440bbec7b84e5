"""Privacy zones: polygons that are blacked out at the source, before a picture is compressed."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from camera_node.errors import BadOption

Pixels = npt.NDArray[np.uint8]
Point = tuple[int, int]
Zone = tuple[Point, ...]

_LARGEST: Final = 32767
EXAMPLE: Final = (
    "Write corners in pixels of the source's picture, for example [[0, 0], [200, 0], [200, 480], [0, 480]]."
)


def check_zone(zone: Zone) -> None:
    """Refuse a polygon that would leave open what it seems to cover.

    Raises:
        BadOption: It has fewer than three corners, a corner out of range, or edges that cross (the inside
            of a crossed polygon has holes).
    """
    if len(zone) < 3:
        raise BadOption(
            f"privacy zone {list(zone)} has {len(zone)} corners, at least 3 are needed. {EXAMPLE}"
        )
    if any(not -_LARGEST <= coordinate <= _LARGEST for point in zone for coordinate in point):
        raise BadOption(f"privacy zone {list(zone)} has a corner beyond {_LARGEST} pixels. {EXAMPLE}")
    edges = [(zone[i], zone[(i + 1) % len(zone)]) for i in range(len(zone))]
    for i, first in enumerate(edges):
        for second in edges[i + 2 : len(edges) - (i == 0)]:
            if _cross(*first, *second):
                raise BadOption(
                    f"the edges of privacy zone {list(zone)} cross, so it would have holes. "
                    "List the corners in order around it, or write two zones."
                )


def check_fit(zones: tuple[Zone, ...], width: int, height: int) -> None:
    """Refuse a zone that lies beside the picture and so covers nothing.

    Raises:
        BadOption: It does.
    """
    for zone in zones:
        xs, ys = [x for x, _ in zone], [y for _, y in zone]
        if max(xs) < 0 or min(xs) >= width or max(ys) < 0 or min(ys) >= height:
            raise BadOption(
                f"privacy zone {list(zone)} lies outside the picture of {width}x{height} pixels "
                "and would cover nothing. Corners count from the top left, before any resizing."
            )


def black_out(pixels: Pixels, zones: tuple[Zone, ...]) -> Pixels:
    """Return the picture with every zone black, its border included; without zones the picture itself.

    A slanted edge is covered one pixel further, because it cannot be drawn exactly.

    Args:
        pixels: [height, width, 3] uint8; left as it is.
        zones: Polygons in pixels of this picture.
    """
    if not zones:
        return pixels
    import cv2  # noqa: PLC0415 - only the capture process has it loaded

    covered: Any = np.ascontiguousarray(pixels).copy()
    for zone in zones:
        # One call a zone: in a common call overlapping zones would cancel each other.
        cv2.fillPoly(covered, [np.array(zone, np.int32)], (0, 0, 0))
        for start, end in zip(zone, (*zone[1:], zone[0]), strict=True):
            if start[0] != end[0] and start[1] != end[1]:
                # A slanted edge is rounded to whole pixels, some of them inwards: cover one more.
                cv2.line(covered, start, end, (0, 0, 0), thickness=3)
    return np.asarray(covered, np.uint8)


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> int:
        area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
        return (area > 0) - (area < 0)

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
