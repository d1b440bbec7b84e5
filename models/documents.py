"""A bundle's JSON files: written as the same bytes each time, read only where their schema is known."""

from typing import TypeVar

import msgspec

from models.errors import DamagedBundle, UnsupportedBundle

D = TypeVar("D", bound=msgspec.Struct)


class _Version(msgspec.Struct):
    schema: int


def encode_document(document: msgspec.Struct) -> bytes:
    """Give a document as JSON for people and programs, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2) + b"\n"


def decode_document(data: bytes, kind: type[D], schema: int, file: str, where: str) -> D:
    """Read a document from JSON.

    Args:
        data: The file.
        kind: What it holds.
        schema: The version that this program reads.
        file: Its name within the bundle.
        where: The bundle, for people.

    Raises:
        DamagedBundle: it is not JSON, or a value is missing or not allowed; the text names which.
        UnsupportedBundle: its schema version is not the one this program reads.
    """
    try:
        version = msgspec.json.decode(data, type=_Version).schema
        if version != schema:
            raise UnsupportedBundle(
                f"{where}: {file} has schema {version}, this version of penumbra reads {schema}. "
                "Install the version that wrote it"
            )
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedBundle(f"{where}: {file}: {error}") from error
