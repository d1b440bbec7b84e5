"""The ten largest classes of GTSRB, 32 × 32 pixels, from one .npz file."""

from pathlib import Path
from typing import Final

import numpy as np

from privacy_lab.data.arrays import array_of, read_arrays
from privacy_lab.data.class_names import GTSRB
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.pictures import Stack
from privacy_lab.errors import BadData

SIGNS: Final = About(
    name="GTSRB, its 10 largest classes, 32×32",
    source="GTSRB (Stallkamp et al. 2012), training part, via github.com/jovanzac/Traffic",
    terms="research",
)


def read_gtsrb10(path: Path) -> DataSet:
    """Read `image`, `label` (the class's number in GTSRB) and `track` (pictures of one sign: one group).

    Raises:
        BadData: an array is missing or has another shape, or a number is no class of GTSRB.
    """
    arrays = read_arrays(path)
    images = array_of(arrays, "image", path, kinds="u", shape=(None, None, None, 3))
    signs = array_of(arrays, "label", path, kinds="iu", shape=(len(images),))
    tracks = array_of(arrays, "track", path, kinds="iu", shape=(len(images),)).tolist()
    present, labels = np.unique(signs, return_inverse=True)
    strange = [int(sign) for sign in present if not 0 <= sign < len(GTSRB)]
    if strange:
        raise BadData(f"{path}: label {strange[0]} is not one of GTSRB's {len(GTSRB)} classes")
    groups = [f"{sign:05d}/{track:05d}" for sign, track in zip(signs.tolist(), tracks, strict=True)]
    names = [f"{group}/{k:05d}" for k, group in enumerate(groups)]
    classes = [GTSRB[int(sign)] for sign in present]
    return gather_stack(SIGNS, classes, Stack(images), labels, names, groups=groups)
