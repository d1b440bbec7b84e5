"""CIFAR-10 and CIFAR-100 as their makers give them out: the binary version and the Python version."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.class_names import CIFAR10, CIFAR100
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.opcodes import read_opcodes
from privacy_lab.data.pictures import planar_stack
from privacy_lab.data.reading import read_file
from privacy_lab.errors import BadData

Bytes = NDArray[np.uint8]

_PIXELS: Final = 3 * 32 * 32
_MOST: Final = 512 << 20
_LABELS: Final = 100
_SOURCE: Final = "Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html"
_TERMS: Final = "none stated; cite the technical report"
_CIFAR10: Final = (
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
)
_CIFAR100: Final = ("train", "test")


def read_cifar10(folder: Path) -> DataSet:
    """Read `data_batch_1` to `_5` and `test_batch`, with .bin (binary version) or without (Python version).

    They lie in `folder`, or in the folder that the maker's archive unpacks to.

    Raises:
        BadData: a batch is missing, cut off, or not of its format.
    """
    about = About("CIFAR-10", _SOURCE, _TERMS)
    root = _root(folder, ("cifar-10-batches-bin", "cifar-10-batches-py"), _CIFAR10[0])
    return _read(about, CIFAR10, [root / name for name in _CIFAR10], header=1, key="labels")


def read_cifar100(folder: Path) -> DataSet:
    """Read `train` and `test`, with .bin or without; labels are the 100 fine ones.

    Raises:
        BadData: as `read_cifar10`.
    """
    about = About("CIFAR-100", _SOURCE, _TERMS)
    root = _root(folder, ("cifar-100-binary", "cifar-100-python"), _CIFAR100[0])
    return _read(about, CIFAR100, [root / name for name in _CIFAR100], header=2, key="fine_labels")


def binary_batch(data: bytes, header: int, where: object) -> tuple[Bytes, NDArray[np.int64]]:
    """Read records of `header` label bytes, the last of which counts, and 3072 pixels.

    Returns:
        uint8 [n, 3, 32, 32] and int64 [n].

    Raises:
        BadData: the bytes are no whole number of records.
    """
    record = header + _PIXELS
    if not data or len(data) % record:
        raise BadData(
            f"{where}: {len(data)} bytes are not whole records of {record}. Download the file again"
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, record)
    return rows[:, header:].reshape(-1, 3, 32, 32), rows[:, header - 1].astype(np.int64)


def python_batch(data: bytes, key: str, where: object) -> tuple[Bytes, NDArray[np.int64]]:
    """Read the array `data` and the list `key` of a batch of the Python version, without executing it.

    Raises:
        BadData: it holds anything but plain values, or not these.
    """
    batch: Any = read_opcodes(data, where)
    fields = batch if isinstance(batch, dict) else {}
    pixels, labels = fields.get("data"), fields.get(key)
    if not (isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and isinstance(labels, list)):
        raise BadData(f"{where}: has no array data of uint8 and list {key}")
    if pixels.shape != (len(labels), _PIXELS):
        raise BadData(
            f"{where}: data of shape {pixels.shape} is not {len(labels)} pictures of {_PIXELS} bytes"
        )
    strange = [label for label in labels if type(label) is not int or not 0 <= label < _LABELS]
    if strange:
        raise BadData(f"{where}: {key} holds {strange[0]!r}, which is not a label")
    return pixels.reshape(-1, 3, 32, 32), np.array(labels, np.int64)


def _read(about: About, classes: Sequence[str], files: Sequence[Path], *, header: int, key: str) -> DataSet:
    pixels, labels = [], []
    names: list[str] = []
    parts: list[str] = []
    for file in files:
        binary = file.with_name(f"{file.name}.bin")
        if binary.is_file():
            some, numbers = binary_batch(read_file(binary, _MOST), header, binary)
        else:
            some, numbers = python_batch(read_file(file, _MOST), key, file)
        pixels.append(some)
        labels.append(numbers)
        names += [f"{file.name}/{k:05d}" for k in range(len(some))]
        parts += ["test" if file.name.startswith("test") else "train"] * len(some)
    return gather_stack(
        about, classes, planar_stack(np.concatenate(pixels)), np.concatenate(labels), names, parts=parts
    )


def _root(folder: Path, unpacked: tuple[str, ...], first: str) -> Path:
    for root in (folder, *(folder / name for name in unpacked)):
        if (root / first).is_file() or (root / f"{first}.bin").is_file():
            return root
    raise BadData(
        f"{folder}: holds neither {first}.bin nor {first}, nor a folder {' or '.join(unpacked)} with it"
    )
