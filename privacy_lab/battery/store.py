"""Finished work, kept so that an interrupted battery goes on where it stopped.

One attack with one seed is one unit: arrays in an .npz, and beside it a JSON file that says what they are of
and holds their hash. A unit without both, or damaged, counts as not done.
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, final

import msgspec
import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit's arrays are of.

    Attributes:
        attack: Name of the attack.
        seed: Its seed.
        key: Digest of everything that decides the result.
        arrays: SHA-256 of the .npz.
    """

    attack: str
    seed: int
    key: str
    arrays: str


@final
class Store:
    """A folder of units of one victim and one material, which `subject` stands for."""

    def __init__(self, folder: Path, subject: str) -> None:
        self._folder = folder / subject
        self._subject = subject

    def path(self, attack: str, seed: int, settings: object) -> Path:
        """Give the path of the unit's JSON file; that of its arrays ends in .npz."""
        return self._folder / f"{attack}-{seed}-{self._key(attack, seed, settings)}.json"

    def fetch(self, attack: str, seed: int, settings: object, make: Callable[[], Arrays]) -> Arrays:
        """Give the unit's arrays: as kept, or made now and kept whole or not at all."""
        path = self.path(attack, seed, settings)
        kept = _read(path, path.stem.rsplit("-", 1)[1])
        if kept is not None:
            return kept
        arrays = make()
        self._write(path, Unit(attack, seed, self._key(attack, seed, settings), ""), arrays)
        return arrays

    def _key(self, attack: str, seed: int, settings: object) -> str:
        whole = msgspec.json.encode((self._subject, attack, seed, settings), order="deterministic")
        return hashlib.sha256(whole).hexdigest()[:16]

    def _write(self, path: Path, unit: Unit, arrays: Arrays) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **cast("dict[str, Any]", arrays))
        data = buffer.getvalue()
        unit = msgspec.structs.replace(unit, arrays=hashlib.sha256(data).hexdigest())
        # The JSON comes last: only with it the unit is there.
        for target, content in ((path.with_suffix(".npz"), data), (path, msgspec.json.encode(unit))):
            unfinished = target.with_name(f"{target.name}.part")
            unfinished.write_bytes(content)
            unfinished.replace(target)


def digest_of(arrays: Mapping[str, NDArray[Any]], *more: object) -> str:
    """Give 16 hex digits that change with any array's shape, type or value, and with `more`."""
    whole = hashlib.sha256(msgspec.json.encode(more, order="deterministic"))
    for name, array in sorted(arrays.items()):
        whole.update(f"{name} {array.dtype.str} {array.shape}".encode())
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def _read(path: Path, key: str) -> Arrays | None:
    try:
        unit = msgspec.json.decode(path.read_bytes(), type=Unit)
        data = path.with_suffix(".npz").read_bytes()
        if unit.key != key or hashlib.sha256(data).hexdigest() != unit.arrays:
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, ValueError, zipfile.BadZipFile):
        return None
