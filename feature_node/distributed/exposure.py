"""Remembers which maps of a layer each helper has ever received, on disk before they are sent.

What counts against the cap of (8f) is not what a helper gets of one frame but all that it ever got: it may
keep everything. So a map that was sent once is spent for ever, over re-plans, restarts and returns.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, final

import msgspec

from feature_node.errors import BadExposure
from feature_node.placement.sticky import Maps, Seen

SCHEMA: Final = 1
MAX_FILE_BYTES: Final = 16 * 2**20


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    network: str
    layers: dict[str, dict[str, tuple[int, ...]]]
    schema: Literal[1] = SCHEMA


@final
class Exposure:
    """What each helper has seen, layer by layer."""

    def __init__(self, file: Path, network: str) -> None:
        """Read the record at `file`, or begin one.

        Raises:
            BadExposure: It cannot be read, or is of another network.
        """
        self._file = file
        self._network = network
        self._seen: dict[str, dict[str, Maps]] = {}
        self._unwritten = False
        if file.exists():
            self._read()

    def of(self, layer: str) -> Seen:
        """Give what each helper has seen of a layer."""
        return self._seen.get(layer, {})

    def add(self, layers: Mapping[str, Mapping[str, tuple[int, ...]]]) -> None:
        """Note that helpers are about to be given maps; returns once that is on disk.

        Raises:
            BadExposure: It cannot be written; nothing may be sent.
        """
        for layer, maps in layers.items():
            seen = self._seen.setdefault(layer, {})
            for helper, numbers in maps.items():
                known = seen.get(helper, frozenset())
                self._unwritten = self._unwritten or not known.issuperset(numbers)
                seen[helper] = known.union(numbers)
        if self._unwritten:
            self._write()
            self._unwritten = False

    def _read(self) -> None:
        try:
            with self._file.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            record = msgspec.json.decode(data, type=_Record)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadExposure(f"{self._file}: {_reason(error)}. {_REMEDY}") from error
        if record.network != self._network:
            raise BadExposure(f"{self._file}: is of another network. {_REMEDY}")
        self._seen = {
            name: {h: frozenset(maps) for h, maps in layer.items()} for name, layer in record.layers.items()
        }

    def _write(self) -> None:
        layers = {
            name: {h: tuple(sorted(maps)) for h, maps in layer.items()} for name, layer in self._seen.items()
        }
        fresh = self._file.with_name(f".{self._file.name}.new")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(_Record(self._network, layers)))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
        except OSError as error:
            raise BadExposure(f"{self._file}: cannot be written: {error.strerror}.") from error


_REMEDY: Final = (
    "It says what helpers have seen, so that none sees more. Restore it; or remove it and give the helpers "
    "new machines, since what they saw before would no longer count."
)


def _reason(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "is damaged"
