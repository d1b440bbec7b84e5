"""What somebody saw of a run: feature maps, layer by layer, written down to be attacked."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.quantise import Floats
from privacy_lab.errors import BadData


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Some of the maps that one layer took, for n pictures in their order.

    Attributes:
        layer: The layer that took them, by the name it has in the network.
        maps: Which of its maps they are, rising.
        values: float32 [n, len(maps), h, w].
    """

    layer: str
    maps: tuple[int, ...]
    values: Floats

    def __post_init__(self) -> None:
        """Refuse maps that are named twice, and values of another shape.

        Raises:
            BadData: they are.
        """
        if not self.maps or list(self.maps) != sorted(set(self.maps)) or self.maps[0] < 0:
            raise BadData(f"{self.layer}: maps {self.maps} are none, or not different and in order")
        if self.values.ndim != 4 or self.values.shape[1] != len(self.maps):
            raise BadData(f"{self.layer}: {self.values.shape} are not the values of {len(self.maps)} maps")


def write_record(path: Path, seen: Sequence[Observed]) -> None:
    """Write a record as npz: layer, maps and values of each under a number."""
    arrays: dict[str, Any] = {}
    for number, one in enumerate(seen):
        arrays[f"layer{number}"] = np.array(one.layer)
        arrays[f"maps{number}"] = np.array(one.maps, np.int64)
        arrays[f"values{number}"] = np.asarray(one.values, np.float32)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def read_record(path: Path) -> tuple[Observed, ...]:
    """Read what `write_record` wrote.

    Raises:
        BadData: it cannot be read, or is not such a record.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            count = sum(name.startswith("layer") for name in file.files)
            return tuple(
                Observed(
                    str(file[f"layer{number}"]),
                    tuple(int(place) for place in file[f"maps{number}"]),
                    np.asarray(file[f"values{number}"], np.float32),
                )
                for number in range(count)
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise BadData(f"{path}: is no record of feature maps: {error}") from error


def united(records: Sequence[Sequence[Observed]]) -> tuple[Observed, ...]:
    """Give what several who collude saw together: of each layer all maps that any of them held.

    Raises:
        BadData: they did not see the same pictures.
    """
    held: dict[str, dict[int, Floats]] = {}
    for one in (one for record in records for one in record):
        own = held.setdefault(one.layer, {})
        for place, number in enumerate(one.maps):
            own[number] = one.values[:, place]
    found = []
    for layer, maps in held.items():
        if len({values.shape for values in maps.values()}) > 1:
            raise BadData(f"{layer}: was recorded of different numbers of pictures")
        found.append(Observed(layer, tuple(sorted(maps)), np.stack([maps[k] for k in sorted(maps)], axis=1)))
    return tuple(found)
