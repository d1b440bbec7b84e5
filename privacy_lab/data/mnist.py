"""MNIST as its makers give it out (idx files, packed or not), and with training pictures on PNG sheets."""

import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.class_names import DIGITS
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import decode, grey_stack
from privacy_lab.data.reading import find_file, read_file
from privacy_lab.errors import BadData

Bytes = NDArray[np.uint8]

ABOUT: Final = About(
    name="MNIST",
    source="LeCun, Cortes and Burges 1998",
    terms="usually given as CC BY-SA 3.0",
)
SHEETS: Final = About(
    name="MNIST, training pictures from lossless sheets",
    source=f"{ABOUT.source}, via github.com/karpathy/convnetjs and kelas/mnist",
    terms="MIT (the first repository's) and none stated",
)
_SIDE: Final = 28
_SHEETS: Final = 20
_MOST: Final = 256 << 20
_OF_BYTES: Final = 8
_IDX: Final = struct.Struct(">HBB")


def read_mnist_idx(folder: Path) -> DataSet:
    """Read the four idx files, `train-images-idx3-ubyte` and so on, with or without .gz.

    Raises:
        BadData: a file is missing, or does not hold what its header says.
    """
    return _digits(ABOUT, [_part(folder, "train"), _part(folder, "t10k")])


def read_mnist(folder: Path) -> DataSet:
    """Read `train_sheets/mnist_batch_<k>.png` (a row is a picture) and the other three files from `idx`.

    Raises:
        BadData: a file is missing, or sheets and labels are not one for one.
    """
    sheets = [_sheet(folder / "train_sheets" / f"mnist_batch_{k}.png") for k in range(_SHEETS)]
    train = np.concatenate(sheets), read_idx(_find(folder / "idx", "train-labels-idx1-ubyte"), 1)
    return _digits(SHEETS, [train, _part(folder / "idx", "t10k")])


def read_idx(path: Path, axes: int) -> Bytes:
    """Read an idx file of bytes with this many axes.

    Raises:
        BadData: it is another kind of file, or longer or shorter than its header says.
    """
    data = read_file(path, _MOST)
    start = _IDX.size + 4 * axes
    if len(data) < start or _IDX.unpack_from(data) != (0, _OF_BYTES, axes):
        raise BadData(f"{path}: is not an idx file of bytes with {axes} axes")
    shape = struct.unpack_from(f">{axes}I", data, _IDX.size)
    expected = start + int(np.prod(shape, dtype=object))
    if len(data) != expected:
        raise BadData(f"{path}: has {len(data)} bytes where its header says {expected}. Download it again")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def _digits(about: About, parts: list[tuple[Bytes, Bytes]]) -> DataSet:
    named = list(zip(("train", "test"), parts, strict=True))
    for part, (images, labels) in named:
        if len(images) != len(labels):
            raise BadData(
                f"{about.name}: the {part} part has {len(images)} pictures and {len(labels)} labels"
            )
    return gather_stack(
        about,
        DIGITS,
        grey_stack(np.concatenate([images for images, _ in parts])),
        np.concatenate([labels for _, labels in parts]),
        [f"{part}/{k:05d}" for part, (images, _) in named for k in range(len(images))],
        parts=[part for part, (images, _) in named for _ in range(len(images))],
    )


def _part(folder: Path, part: str) -> tuple[Bytes, Bytes]:
    images = read_idx(_find(folder, f"{part}-images-idx3-ubyte"), 3)
    if images.shape[1:] != (_SIDE, _SIDE):
        raise BadData(f"{folder}: {part} pictures are {images.shape[1:]}, not {_SIDE} × {_SIDE} pixels")
    return images, read_idx(_find(folder, f"{part}-labels-idx1-ubyte"), 1)


def _find(folder: Path, name: str) -> Path:
    # Some mirrors write train-images.idx3-ubyte.
    dotted = name.replace("-idx", ".idx")
    return find_file(folder, f"{name}.gz", name, f"{dotted}.gz", dotted)


def _sheet(path: Path) -> Bytes:
    sheet = decode(read_file(path, 64 << 20), str(path))[:, :, 0]
    if sheet.shape[1] != _SIDE * _SIDE:
        raise BadData(
            f"{path}: is {sheet.shape[1]} pixels wide, not the {_SIDE * _SIDE} of a sheet of digits"
        )
    return sheet.reshape(-1, _SIDE, _SIDE)
