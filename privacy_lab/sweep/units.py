"""Finished points, kept one by one: a JSON file each, and pictures to look at beside it."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from privacy_lab.errors import BadData
from privacy_lab.sweep.points import Point, StillSweep, encode_sweep

Samples = Mapping[str, NDArray[np.uint8]]
"""Pictures uint8 [n, h, w, 3] by name: `original`, and what each attack made of them."""


@final
class Units:
    """A folder of points; one that is there, whole, is not made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._points = folder / "points"

    def find(self, key: str) -> Point | None:
        """Give the point of this key; None where it is not there, or damaged."""
        try:
            point = msgspec.json.decode((self._points / f"{key}.json").read_bytes(), type=Point)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return point if point.key == key else None

    def keep(self, point: Point, samples: Samples) -> None:
        """Write a point and its pictures, whole or not at all."""
        self._points.mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()
        np.savez_compressed(packed, **cast("dict[str, Any]", dict(samples)))
        whole = msgspec.json.format(msgspec.json.encode(point, order="deterministic"), indent=2)
        # The JSON comes last: only with it the point is there.
        for name, data in ((f"{point.key}.npz", packed.getvalue()), (f"{point.key}.json", whole)):
            unfinished = self._points / f"{name}.part"
            unfinished.write_bytes(data)
            unfinished.replace(self._points / name)

    def samples(self, key: str) -> dict[str, NDArray[np.uint8]]:
        """Give a point's pictures by name; none where they are not there."""
        try:
            with np.load(self._points / f"{key}.npz", allow_pickle=False) as file:
                return {name: np.asarray(file[name], np.uint8) for name in file.files}
        except (OSError, ValueError, zipfile.BadZipFile):
            return {}

    def all(self) -> Iterator[Point]:
        """Give every whole point that is there."""
        for path in sorted(self._points.glob("*.json")):
            point = self.find(path.stem)
            if point is not None:
                yield point

    def keep_still(self, still: StillSweep) -> Path:
        """Write what a still camera gave away of one bundle; give the file's path."""
        path = self.folder / "still" / f"{still.task}-{still.bundle}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(
            msgspec.json.format(msgspec.json.encode(still, order="deterministic"), indent=2)
        )
        unfinished.replace(path)
        return path

    def stills(self) -> Iterator[StillSweep]:
        """Give what still cameras gave away, of every bundle that is there."""
        for path in sorted((self.folder / "still").glob("*.json")):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=StillSweep)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadData(f"{path}: is not what a still camera gave away: {error}. Delete it") from error

    def write_results(self) -> Path:
        """Write all points to `sweep.json`; give its path.

        Raises:
            BadData: the folder cannot be written.
        """
        path = self.folder / "sweep.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(encode_sweep(self.all()))
            unfinished.replace(path)
        except OSError as error:
            raise BadData(f"{path}: cannot be written: {error.strerror}") from error
        return path
