"""GTSRB as its makers give it out: folders of .ppm files, described by GT-*.csv."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from privacy_lab.data.class_names import GTSRB
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, Entry, Place, gather
from privacy_lab.data.reading import MAX_PICTURE_BYTES, bound, number, read_file, rows_of
from privacy_lab.errors import BadData

ABOUT: Final = About(
    name="GTSRB, German traffic signs",
    source="Stallkamp et al. 2012, benchmark.ini.rub.de",
    terms="research",
)
_COLUMNS: Final = ("Filename", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2")
_CLASS: Final = "ClassId"
# Where pictures lie, seen from their table: beside it, or where the test archive puts them.
_BESIDE: Final = ("", "Images", "Final_Test/Images", "GTSRB/Final_Test/Images", "Online-Test/Images")
_MOST_TABLE: Final = 16 << 20

Row = dict[str, str]


def read_gtsrb(folder: Path) -> DataSet:
    """Read every GT-*.csv below `folder` and the pictures it names; boxes are its regions of interest.

    In the training layout, `Images/<class>/<track>_<frame>.ppm`, the pictures of one track are one group.
    In the test layout pictures lie in one folder, and are a group each. A table without classes is passed
    over where another table has them (the makers give out the test part's classes apart).

    Raises:
        BadData: no table, no classes in it, or a table that names other pictures than there are.
    """
    tables = {path: _table(path) for path in sorted(folder.rglob("GT-*.csv"))}
    known = {path: rows for path, rows in tables.items() if _CLASS in rows[0]}
    if not known:
        missing = f"has no GT-*.csv with the column {_CLASS}"
        raise BadData(f"{folder}: {missing}. For the test part, add GT-final_test.csv from the makers' page")
    numbers = sorted({_class_of(row, path) for path, rows in known.items() for row in rows})
    entries = (entry for path, rows in known.items() for entry in _entries(folder, path, rows, numbers))
    return gather(ABOUT, [GTSRB[k] for k in numbers], entries)


def _table(path: Path) -> list[Row]:
    return rows_of(read_file(path, _MOST_TABLE).decode(errors="replace"), _COLUMNS, path, delimiter=";")


def _entries(folder: Path, table: Path, rows: list[Row], numbers: list[int]) -> Iterator[Entry]:
    home = _home(table, rows[0]["Filename"])
    files = [home / Path(row["Filename"]).name for row in rows]
    bound(table, [file.stat().st_size for file in files if file.is_file()])
    for row, file in zip(rows, files, strict=True):
        track, _, frame = file.stem.partition("_")
        kind = _class_of(row, table)
        name = file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name
        yield Entry(
            name=name,
            data=read_file(file, MAX_PICTURE_BYTES) if file.is_file() else b"",
            label=numbers.index(kind),
            group=f"{kind:05d}/{track}" if frame else name,
            part="train" if frame else "test",
            place=_region(row, table),
        )


def _home(table: Path, first: str) -> Path:
    places = [table.parent / place for place in _BESIDE]
    found = next((place for place in places if (place / Path(first).name).is_file()), None)
    if found is None:
        raise BadData(f"{table}: names {first}, which lies neither beside it nor in {', '.join(_BESIDE[1:])}")
    return found


def _class_of(row: Row, table: Path) -> int:
    kind = number(row[_CLASS], f"{table}: {_CLASS}")
    if not 0 <= kind < len(GTSRB):
        raise BadData(f"{table}: {_CLASS} {kind} is not one of GTSRB's {len(GTSRB)} classes")
    return kind


def _region(row: Row, table: Path) -> Place:
    left, top, right, bottom = (number(row[column], f"{table}: {column}") for column in _COLUMNS[1:])
    return lambda _height, _width: (left, top, right - left, bottom - top)
