"""STL-10 as its makers give it out: files of bytes without a header."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.class_names import STL10
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import planar_stack
from privacy_lab.data.reading import find_file, read_file
from privacy_lab.errors import BadData

ABOUT: Final = About(
    name="STL-10",
    source="Coates, Ng and Lee 2011, cs.stanford.edu/~acoates/stl10",
    terms="none stated; its pictures come from ImageNet, whose terms are research, non-commercial",
)
_SIDE: Final = 96
_PICTURE: Final = 3 * _SIDE * _SIDE


def read_stl10(folder: Path) -> DataSet:
    """Read `train_X.bin`, `train_y.bin`, `test_X.bin` and `test_y.bin`; the unlabelled part is not read.

    Raises:
        BadData: a file is missing, or pictures and labels (1 to 10) are not one for one.
    """
    pixels, labels = [], []
    names: list[str] = []
    parts: list[str] = []
    for part in ("train", "test"):
        some, numbers = _part(folder, part)
        pixels.append(some)
        labels.append(numbers)
        names += [f"{part}/{k:05d}" for k in range(len(some))]
        parts += [part] * len(some)
    return gather_stack(
        ABOUT, STL10, planar_stack(np.concatenate(pixels)), np.concatenate(labels), names, parts=parts
    )


def _part(folder: Path, part: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    x, y = (find_file(folder, f"{part}_{kind}.bin", f"stl10_binary/{part}_{kind}.bin") for kind in ("X", "y"))
    pixels, labels = np.frombuffer(read_file(x), np.uint8), np.frombuffer(read_file(y), np.uint8)
    if len(pixels) != len(labels) * _PICTURE or not len(labels):
        raise BadData(
            f"{x}: {len(pixels)} bytes are not {len(labels)} pictures (as {y.name} has labels) of {_PICTURE}"
        )
    if labels.min() < 1 or labels.max() > len(STL10):
        raise BadData(f"{y}: labels {labels.min()} to {labels.max()} are not 1 to {len(STL10)}")
    # Matlab's order: each plane is stored column by column.
    planes = pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 1, 3, 2)
    return planes, labels.astype(np.int64) - 1
