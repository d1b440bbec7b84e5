"""`Reader`: a blocking source of pixels, used in the capture process alone."""

from typing import Protocol

import msgspec

from broker.bounds import MAX_PIXELS, MAX_SIDE
from camera_node.errors import SourceFailed
from camera_node.source import SourceInfo
from camera_node.zones import Pixels


class Moment(msgspec.Struct, frozen=True):
    """When a picture was read: Unix time in nanoseconds, and seconds into the medium."""

    captured_ns: int
    position: float


class Reader(Protocol):
    """Reads one medium from start to end; every call may block, so it is run where it can be killed."""

    @property
    def undecodable(self) -> int:
        """Pictures that the medium holds and that could not be decoded so far."""
        ...

    def open(self) -> SourceInfo:
        """Open it.

        Raises:
            BadSource: It names nothing we can read.
            SourceFailed: It does not open.
        """
        ...

    def advance(self) -> Moment | None:
        """Step to the next picture; None at the end.

        Raises:
            SourceFailed: A live source breaks off.
        """
        ...

    def pixels(self) -> Pixels | None:
        """Give the picture stepped to, [height, width, 3] BGR, upright; None if it cannot be decoded.

        Raises:
            SourceFailed: It is larger than allowed.
        """
        ...

    def close(self) -> None:
        """Let go of the medium."""
        ...


def check_dimensions(what: str, width: int, height: int) -> None:
    """Refuse pictures too large to handle, before their pixels are allocated.

    Raises:
        SourceFailed: They are.
    """
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise SourceFailed(
            f"{what} has pictures of {width}x{height} pixels. At most {MAX_SIDE} a side and "
            f"{MAX_PIXELS // 1_000_000} million in all are read. Scale it down first, with ffmpeg say."
        )
