"""Settings and the like as JSON between processes of one host: plain structs that may hold paths."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encode_plain(value: object) -> bytes:
    """Write a struct as the JSON that `decode_plain` reads."""
    return msgspec.json.encode(value, enc_hook=str)


def decode_plain(data: bytes, kind: type[T]) -> T:
    """Read a struct from JSON.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError: It is not JSON of such a struct; the text names the field.
    """
    return msgspec.json.decode(data, type=kind, dec_hook=_path)


def _path(kind: type, value: Any) -> Path:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError  # how msgspec is told that the type is not one of ours
