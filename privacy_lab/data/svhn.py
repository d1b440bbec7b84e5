"""SVHN, format 2 (cropped digits), as its makers give it out: Matlab files."""

import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat
from scipy.io.matlab import MatReadError

from privacy_lab.data.class_names import DIGITS
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import Stack
from privacy_lab.data.reading import find_file
from privacy_lab.errors import BadData

ABOUT: Final = About(
    name="SVHN, cropped digits",
    source="Netzer et al. 2011, ufldl.stanford.edu/housenumbers",
    terms="non-commercial",
)
_MOST_PICTURES: Final = 200_000
_MOST_BYTES: Final = 1 << 30
_UNREADABLE: Final = (OSError, ValueError, TypeError, KeyError, NotImplementedError, MatReadError, zlib.error)


def read_svhn(folder: Path) -> DataSet:
    """Read `train_32x32.mat` and `test_32x32.mat`; the extra part is not read.

    Raises:
        BadData: a file is missing, or has no `X` of 32 × 32 × 3 × n bytes with `y` of n labels, 1 to 10.
    """
    pixels, labels = [], []
    names: list[str] = []
    parts: list[str] = []
    for part in ("train", "test"):
        some, digits = _matrix(find_file(folder, f"{part}_32x32.mat", f"housenumbers/{part}_32x32.mat"))
        pixels.append(some)
        labels.append(digits)
        names += [f"{part}/{k:06d}" for k in range(len(some))]
        parts += [part] * len(some)
    return gather_stack(
        ABOUT, DIGITS, Stack(np.concatenate(pixels)), np.concatenate(labels), names, parts=parts
    )


def _matrix(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    try:
        _refuse_large(path, {name: shape for name, shape, _ in whosmat(path)})
        found: dict[str, Any] = loadmat(path, variable_names=["X", "y"])
    except _UNREADABLE as error:
        raise BadData(f"{path}: cannot be read as a Matlab file (version 5): {error}") from error
    x, y = np.asarray(found.get("X")), np.asarray(found.get("y")).ravel()
    if x.dtype != np.uint8 or x.ndim != 4 or x.shape[:3] != (32, 32, 3) or y.shape != x.shape[3:]:
        raise BadData(f"{path}: X of shape {x.shape} and y of {y.shape} are not 32 × 32 × 3 × n and n")
    if y.dtype.kind not in "uif" or y.min(initial=1) < 1 or y.max(initial=1) > 10:
        raise BadData(f"{path}: y is not labels of 1 to 10")
    # The makers count from 1, and call the digit 0 ten.
    return x.transpose(3, 0, 1, 2), y.astype(np.int64) % 10


def _refuse_large(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    # Sizes stand in the headers: nothing is unpacked before they are known to be bounded.
    if path.stat().st_size > _MOST_BYTES or any(
        np.prod(s, dtype=float) > _MOST_BYTES for s in shapes.values()
    ):
        raise BadData(f"{path}: larger than the {_MOST_BYTES} bytes that are read")
    if not {"X", "y"} <= set(shapes):
        held = ", ".join(sorted(shapes)) or "nothing"
        raise BadData(f"{path}: has no X and y; it holds {held}. If it was cut off, download it again")
