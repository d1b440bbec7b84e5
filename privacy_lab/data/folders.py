"""Pictures in folders: by class, by identity, or by class and identity."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from privacy_lab.data.dataset import UNKNOWN, DataSet
from privacy_lab.data.gathering import About, Entry, gather
from privacy_lab.data.pictures import SUFFIXES
from privacy_lab.data.reading import MAX_PICTURE_BYTES, files_below, listed, read_file
from privacy_lab.errors import BadData

_TERMS: Final = "the owner's own"


def read_classes(folder: Path) -> DataSet:
    """Read `<class>/*.jpg` (or .png, .ppm, .pgm, .bmp); classes are the folders in order of their names.

    Raises:
        BadData: pictures do not lie so, or a class has none that can be read.
    """
    return _read(folder, _depth(folder, (1,)), _folders(folder), labelled=True)


def read_identities(folder: Path) -> DataSet:
    """Read `<class>/<identity>/*.jpg`, or `<identity>/*.jpg`, of which the labels are unknown.

    Raises:
        BadData: pictures do not lie so, or a class has none that can be read.
    """
    labelled = _depth(folder, (1, 2)) == 2
    return _read(folder, 1 + labelled, _folders(folder) if labelled else (), labelled=labelled)


def read_own(folder: Path, labels: Sequence[str]) -> DataSet:
    """Read a client's pictures for a task with these labels: `read_classes` or `read_identities`.

    `<label>/<identity>/*`, `<label>/*`, or, where no folder is named after a label, `<identity>/*`.

    Raises:
        BadData: pictures do not lie so, or some folders are named after labels and others are not.
    """
    depth, names = _depth(folder, (1, 2)), _folders(folder)
    strange = [name for name in names if name not in labels]
    labelled = len(strange) < len(names)
    if strange and (labelled or depth == 2):
        raise BadData(
            f"{folder}: {listed(strange)} is none of the labels {listed(labels)}. "
            f"Name the folders after labels or, if no label is known, use one folder an identity"
        )
    present = [label for label in labels if label in names]
    return _read(folder, depth, present, labelled=labelled)


def _read(folder: Path, depth: int, classes: Sequence[str], *, labelled: bool) -> DataSet:
    about = About(name=folder.name, source=f"the folder {folder.name}", terms=_TERMS)
    return gather(about, classes, _entries(folder, classes, labelled=labelled, identified=depth > labelled))


def _entries(folder: Path, classes: Sequence[str], *, labelled: bool, identified: bool) -> Iterator[Entry]:
    for path in files_below(folder, SUFFIXES):
        inside = path.relative_to(folder)
        yield Entry(
            name=inside.as_posix(),
            data=read_file(path, MAX_PICTURE_BYTES),
            label=classes.index(inside.parts[0]) if labelled else UNKNOWN,
            # The same name under two classes is two people.
            identity=inside.parent.as_posix() if identified else "",
        )


def _depth(folder: Path, allowed: tuple[int, ...]) -> int:
    depths = {len(path.relative_to(folder).parts) - 1 for path in files_below(folder, SUFFIXES)}
    if len(depths) == 1 and depths <= set(allowed):
        return depths.pop()
    forms = " or ".join(("<class>/NAME.jpg", "<class>/<identity>/NAME.jpg")[depth - 1] for depth in allowed)
    found = f"lie {listed(map(str, sorted(depths)))} folders deep" if depths else "are not there"
    raise BadData(f"{folder}: pictures ({', '.join(SUFFIXES)}) {found}; they belong in {forms}")


def _folders(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."))
