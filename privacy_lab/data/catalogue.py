"""The data sets that the lab reads, by name."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from privacy_lab.data.cifar import read_cifar10, read_cifar100
from privacy_lab.data.cifar_pictures import read_cifar10_jpeg, read_cifar10_lossless
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.faces import read_facescrub, read_facescrub_originals, read_gender, read_orl
from privacy_lab.data.folders import read_classes, read_identities
from privacy_lab.data.gtsrb import read_gtsrb
from privacy_lab.data.mnist import read_mnist, read_mnist_idx
from privacy_lab.data.normalised import read_cifar100_128, read_svhn_128
from privacy_lab.data.reading import find_place
from privacy_lab.data.signs import read_gtsrb10
from privacy_lab.data.stl10 import read_stl10
from privacy_lab.data.svhn import read_svhn
from privacy_lab.errors import BadData

Reader = Callable[[Path], DataSet]


def read_set(name: str, folder: Path) -> DataSet:
    """Read the data set of this name from `folder`.

    Sets that come as one file are looked for in `folder`/faces or `folder`/images, then in `folder`.

    Raises:
        BadData: there is no set of this name, or it is not in the folder, or not of its format.
    """
    if name not in _SETS:
        raise BadData(f"{name}: no such data set. There are {', '.join(_SETS)}")
    place, reader = _SETS[name]
    return reader(find_place(folder, place) if place else folder)


def set_names() -> tuple[str, ...]:
    """Give the names of all data sets."""
    return tuple(_SETS)


# Where a set stands below --data (empty: the folder itself holds the official files), and what reads it.
_SETS: Final[Mapping[str, tuple[str, Reader]]] = {
    "gender": ("faces/gender.zip", read_gender),
    "facescrub": ("faces/facescrub12-crops.zip", read_facescrub),
    "facescrub-originals": ("faces/facescrub12-originals.zip", read_facescrub_originals),
    "orl": ("faces/orl.zip", read_orl),
    "cifar10-jpeg": ("images/cifar10-jpeg.zip", read_cifar10_jpeg),
    "cifar10-lossless": ("images/cifar10-lossless", read_cifar10_lossless),
    "cifar100-128": ("images/cifar100-128.npz", read_cifar100_128),
    "svhn-128": ("images/svhn-128.npz", read_svhn_128),
    "gtsrb10": ("images/gtsrb10-32.npz", read_gtsrb10),
    "mnist": ("images/mnist", read_mnist),
    "cifar10": ("", read_cifar10),
    "cifar100": ("", read_cifar100),
    "svhn": ("", read_svhn),
    "gtsrb": ("", read_gtsrb),
    "stl10": ("", read_stl10),
    "mnist-idx": ("", read_mnist_idx),
    "classes": ("", read_classes),
    "identities": ("", read_identities),
}
