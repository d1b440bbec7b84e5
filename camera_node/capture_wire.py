"""What a node and its capture process say to each other: length-prefixed msgpack over pipes, bounded."""

from typing import Final, Literal, TypeAlias

import msgspec

from broker.bounds import MAX_JPEG_BYTES
from camera_node.errors import SourceFailed
from camera_node.source import Picture, SourceInfo
from camera_node.source_kind import Kind
from camera_node.zones import Zone

PREFIX_BYTES: Final = 4
MAX_MESSAGE_BYTES: Final = MAX_JPEG_BYTES + 4096


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a capture process is told on its standard input; may hold the account of a URL.

    Attributes:
        source: The value to open.
        kind: What it means.
        fps: At most so many pictures a second; None for all.
        size: Fit pictures inside (width, height); None to leave them.
        quality: Of the JPEG.
        loop: Start a file again at its end.
        zones: Polygons to black out.
        open_timeout: Seconds that opening may take.
        read_timeout: Seconds that one picture may take.
    """

    source: str
    kind: Kind
    fps: float | None = None
    size: tuple[int, int] | None = None
    quality: int = 90
    loop: bool = False
    zones: tuple[Zone, ...] = ()
    open_timeout: float = 10.0
    read_timeout: float = 10.0


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The source is open."""

    info: SourceInfo


class Counted(msgspec.Struct, frozen=True, tag=True):
    """What became of the pictures so far; also the sign that the source is still being read."""

    read: int
    dropped: dict[str, int]


class Shot(msgspec.Struct, frozen=True, tag=True):
    """One picture, and the counts up to it."""

    picture: Picture
    counted: Counted


class Ended(msgspec.Struct, frozen=True, tag=True):
    """The source has ended; nothing follows."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The source failed; nothing follows. `kind` tells the class of error on the other side."""

    kind: Literal["option", "source", "failed", "timeout", "extra"]
    text: str


Message: TypeAlias = Opened | Shot | Counted | Ended | Failed

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Opened | Shot | Counted | Ended | Failed)
encode_order: Final = msgspec.json.Encoder().encode
decode_order: Final = msgspec.json.Decoder(Order).decode


def encode(message: Message) -> bytes:
    """Turn a message into its length and its bytes."""
    body = _encoder.encode(message)
    return len(body).to_bytes(PREFIX_BYTES, "big") + body


def length(prefix: bytes) -> int:
    """Read how many bytes follow.

    Raises:
        SourceFailed: More than any message has.
    """
    size = int.from_bytes(prefix, "big")
    if not 0 < size <= MAX_MESSAGE_BYTES:
        raise SourceFailed(f"the capture process announced a message of {size} bytes and was stopped.")
    return size


def decode(body: bytes) -> Message:
    """Turn bytes into a message.

    Raises:
        SourceFailed: They are none.
    """
    try:
        message: Message = _decoder.decode(body)
    except msgspec.DecodeError:
        raise SourceFailed(
            "the capture process sent something else than a message and was stopped."
        ) from None
    return message
