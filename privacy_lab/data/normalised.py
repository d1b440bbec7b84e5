"""Samples that were handed on normalised, brought back to the bytes they were."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.arrays import array_of, read_arrays
from privacy_lab.data.class_names import CIFAR100, DIGITS
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import planar_stack
from privacy_lab.errors import BadData

Triple = tuple[float, float, float]

_VIA: Final = "128 training images, augmented, via github.com/zlijingtao/ResSFL"
_CIFAR100: Final = About(
    "CIFAR-100, 128 augmented images", f"Krizhevsky 2009; {_VIA}", "MIT (the repository's)"
)
_SVHN: Final = About("SVHN, 128 augmented images", f"Netzer et al. 2011; {_VIA}", "MIT (the repository's)")

# Mean and deviation by which each channel was normalised. The values themselves lie on a grid whose step is
# 1 / (255 · deviation), which confirms them.
_CIFAR100_MEAN: Final = (0.50707516, 0.48654887, 0.44091784)
_CIFAR100_STD: Final = (0.26733429, 0.25643846, 0.27615047)
_SVHN_MEAN: Final = (0.3522, 0.4004, 0.4463)
_SVHN_STD: Final = (0.1189, 0.1377, 0.1784)
# What rounding of 32-bit numbers leaves, in steps of a byte.
_ROUNDING: Final = 0.05


def read_cifar100_128(path: Path) -> DataSet:
    """Read `image_normalised` and `label` of the CIFAR-100 sample, for attacking alone; it lacks classes.

    Raises:
        BadData: the file lacks an array, or its numbers are not bytes under this normalisation.
    """
    return _read(path, _CIFAR100, CIFAR100, _CIFAR100_MEAN, _CIFAR100_STD)


def read_svhn_128(path: Path) -> DataSet:
    """Read `image_normalised` and `label` of the SVHN sample, for attacking alone.

    Raises:
        BadData: as `read_cifar100_128`.
    """
    return _read(path, _SVHN, DIGITS, _SVHN_MEAN, _SVHN_STD)


def bytes_of(normalised: NDArray[np.floating], mean: Triple, std: Triple, where: object) -> NDArray[np.uint8]:
    """Undo (x/255 - mean) / std for [n, 3, h, w] and give x, the bytes.

    Raises:
        BadData: the numbers are not those of bytes, so the normalisation was another.
    """
    values = 255.0 * (normalised * np.reshape(std, (1, 3, 1, 1)) + np.reshape(mean, (1, 3, 1, 1)))
    rounded = np.rint(values)
    if not np.isfinite(values).all() or np.abs(values - rounded).max(initial=0) > _ROUNDING:
        raise BadData(f"{where}: its numbers are not bytes normalised with mean {mean} and deviation {std}")
    if rounded.min(initial=0) < 0 or rounded.max(initial=0) > 255:
        raise BadData(f"{where}: its numbers give {rounded.min()} to {rounded.max()}, not 0 to 255")
    return np.asarray(rounded, np.uint8)


def _read(path: Path, about: About, classes: tuple[str, ...], mean: Triple, std: Triple) -> DataSet:
    arrays = read_arrays(path)
    images = array_of(arrays, "image_normalised", path, kinds="f", shape=(None, 3, None, None))
    labels = array_of(arrays, "label", path, kinds="iu", shape=(len(images),))
    names = [f"{path.stem}/{k:03d}" for k in range(len(images))]
    stack = planar_stack(bytes_of(images.astype(np.float64), mean, std, path))
    return gather_stack(about, classes, stack, labels, names, parts=["test"] * len(names), sample=True)
