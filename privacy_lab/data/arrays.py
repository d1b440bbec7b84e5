"""Arrays of an .npz file, read without executing anything and checked before they are used."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.reading import MAX_FILE_BYTES
from privacy_lab.errors import BadData

Arrays = Mapping[str, NDArray[Any]]


def read_arrays(path: Path) -> Arrays:
    """Give the arrays of an .npz file by their names.

    Raises:
        BadData: it is not there, is no .npz, holds pickled objects, or more bytes than are read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_FILE_BYTES:
            raise BadData(f"{path}: holds {size} bytes of arrays; at most {MAX_FILE_BYTES} are read")
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise BadData(f"{path}: cannot be read as an .npz of plain arrays: {error}") from error


def array_of(
    arrays: Arrays, name: str, path: Path, *, kinds: str, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """Give one array, of one of NumPy's `kinds` and of this shape; None stands for any side.

    Raises:
        BadData: it is missing, or of another kind or shape.
    """
    if name not in arrays:
        raise BadData(f"{path}: has no array {name}; it holds {', '.join(sorted(arrays)) or 'none'}")
    array = arrays[name]
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, side) for side, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or array.dtype.kind not in kinds:
        wanted_text = ", ".join("any" if side is None else str(side) for side in shape)
        raise BadData(f"{path}: {name} is {array.dtype} of shape {array.shape}, not of shape ({wanted_text})")
    return array
