"""`Frame`: a picture on its way from a camera to the edge. Private side only."""

from typing import Final, Literal

import msgspec

from broker.bounds import MAX_FRAME_BYTES, MAX_JPEG_BYTES, MAX_PIXELS, MAX_SIDE
from broker.codec import binary_codec
from broker.identity import is_name
from broker.trace_context import UNTRACED, check_traceparent

SCHEMA: Final = 1

Clock = Literal["synchronised", "free"]
Flow = Literal["wait", "newest"]


class Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One picture of one camera.

    Attributes:
        camera: The camera's name.
        run: Tells one start of the source from every other.
        sequence: Counts the pictures of a run from 0.
        captured_ns: When the picture was read, Unix time in nanoseconds.
        clock: Whether the camera's host follows a reference clock.
        flow: `wait`: nothing of this source may be dropped; `newest`: only the newest picture matters.
        width: Pixels across the decoded picture.
        height: Pixels down the decoded picture.
        jpeg: The picture.
        traceparent: The trace that it is part of, where it is of one.
    """

    camera: str
    run: int
    sequence: int
    captured_ns: int
    clock: Clock
    flow: Flow
    width: int
    height: int
    jpeg: bytes
    traceparent: str = UNTRACED

    def __post_init__(self) -> None:
        """Refuse values out of bounds, so that no `Frame` with one exists."""
        if not is_name(self.camera):
            raise ValueError("camera is not a name")
        if not (0 <= self.run < 2**63 and 0 <= self.sequence < 2**63 and 0 < self.captured_ns < 2**63):
            raise ValueError("run, sequence or captured_ns is out of range")
        sides_fit = 0 < self.width <= MAX_SIDE and 0 < self.height <= MAX_SIDE
        if not sides_fit or self.width * self.height > MAX_PIXELS:
            raise ValueError(f"{self.width}x{self.height} pixels are out of range")
        if not 0 < len(self.jpeg) <= MAX_JPEG_BYTES:
            raise ValueError(f"a JPEG of {len(self.jpeg)} bytes is out of range")
        check_traceparent(self.traceparent)


encode_frame, decode_frame = binary_codec(
    Frame, kind="F", version=SCHEMA, max_bytes=MAX_FRAME_BYTES, added="traceparent"
)
