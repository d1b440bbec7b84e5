"""From message to bytes and back: pure functions, bounds checked before anything is allocated.

A binary message is three bytes (`P`, its kind, its schema version) and a msgpack array; what people and
home automation read is JSON with a `schema` field. A message of another version is refused by its first
bytes, before its body is looked at.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from broker.errors import BadMessage

T = TypeVar("T", bound=msgspec.Struct)

_MAGIC: Final = ord("P")
_HEADER_BYTES: Final = 3


def binary_codec(
    payload: type[T], *, kind: str, version: int, max_bytes: int, added: str = ""
) -> tuple[Callable[[T], bytes], Callable[[bytes], T]]:
    """Make the encoder and the decoder of one binary message type.

    Args:
        payload: The message type; its `__post_init__` raises `ValueError` for values out of bounds.
        kind: One ASCII character that no other binary message uses.
        version: The schema version that is written, and the only one that is read but for `added`.
        max_bytes: The longest message that is decoded.
        added: The last field, where only the next version has it: a message in which it is empty is written
            in `version`, without it, and both versions are read.

    Returns:
        `encode`, and `decode` which raises `BadMessage`.
    """
    header, next_header = (bytes((_MAGIC, ord(kind), number)) for number in (version, version + 1))
    encoder = msgspec.msgpack.Encoder()
    decoder = msgspec.msgpack.Decoder(payload)

    def encode(message: T) -> bytes:
        if not added:
            return header + encoder.encode(message)
        if getattr(message, added):
            return next_header + encoder.encode(message)
        return header + encoder.encode(msgspec.structs.astuple(message)[:-1])

    def decode(data: bytes) -> T:
        _check_size(data, max_bytes)
        if len(data) < _HEADER_BYTES or data[:2] != header[:2]:
            raise BadMessage("foreign-message", f"does not start as a {payload.__name__}")
        newer = bool(added) and data[2] == version + 1
        if data[2] != version and not newer:
            raise BadMessage("unknown-schema", f"{payload.__name__} of schema {data[2]}, known is {version}")
        message = _decoded(lambda: decoder.decode(memoryview(data)[_HEADER_BYTES:]), payload)
        if added and bool(getattr(message, added)) != newer:
            raise BadMessage("malformed", f"{added} does not belong into a {payload.__name__} of its schema")
        return message

    return encode, decode


def json_codec(
    payload: type[T], *, version: int, max_bytes: int
) -> tuple[Callable[[T], bytes], Callable[[bytes], T]]:
    """Make the encoder and the decoder of one JSON message type, which has an integer field `schema`."""
    encoder = msgspec.json.Encoder()
    decoder = msgspec.json.Decoder(payload)
    schema_decoder = msgspec.json.Decoder(_SchemaOnly)

    def decode(data: bytes) -> T:
        _check_size(data, max_bytes)
        found = _decoded(lambda: schema_decoder.decode(data), payload).schema
        if found != version:
            raise BadMessage("unknown-schema", f"{payload.__name__} of schema {found}, known is {version}")
        return _decoded(lambda: decoder.decode(data), payload)

    return encoder.encode, decode


class _SchemaOnly(msgspec.Struct):
    schema: int


def _check_size(data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise BadMessage("too-large", f"{len(data)} bytes, at most {max_bytes} are read")


S = TypeVar("S")


def _decoded(decode: Callable[[], S], payload: type) -> S:
    try:
        return decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The library's text may quote the data, so it stays out of ours; and the chain is cut.
        raise BadMessage("malformed", f"not a {payload.__name__}") from None
