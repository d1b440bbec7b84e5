"""Files of a data set, read whole but never without a bound; what cannot be read is named."""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from privacy_lab.errors import BadData

MAX_PICTURE_BYTES: Final = 32 << 20
MAX_FILE_BYTES: Final = 1 << 30
MAX_SET_BYTES: Final = 4 << 30
MAX_PICTURES: Final = 500_000


def find_file(folder: Path, *places: str) -> Path:
    """Give the first of these places in `folder` that holds a file.

    Raises:
        BadData: none does.
    """
    found = next((folder / place for place in places if (folder / place).is_file()), None)
    if found is None:
        raise BadData(f"{folder / places[0]}: no such file. --data names the folder that holds {places[0]}")
    return found


def find_place(folder: Path, place: str) -> Path:
    """Give `folder`/`place`, or `folder` with the last part of `place` alone, whichever is there.

    Raises:
        BadData: neither is.
    """
    places = (folder / place, folder / Path(place).name)
    found = next((path for path in places if path.exists()), None)
    if found is None:
        raise BadData(f"{places[0]}: no such file. --data names the folder that holds {place}")
    return found


def read_file(path: Path, at_most: int = MAX_FILE_BYTES) -> bytes:
    """Give a file's bytes, unpacked where its name ends in .gz.

    Raises:
        BadData: it cannot be read, or is longer than `at_most` bytes once unpacked.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(at_most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(f"{path}: cannot be read: {error}") from error
    if len(data) > at_most:
        raise BadData(f"{path}: longer than the {at_most} bytes that a file of its kind may have")
    return data


def zipped(path: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Give name and bytes of the zip's files with one of these endings, in order of their names.

    Raises:
        BadData: it is not a zip, or holds more than a data set may.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = [entry for entry in archive.infolist() if entry.filename.lower().endswith(suffixes)]
            bound(path, [entry.file_size for entry in chosen])
            for entry in sorted(chosen, key=lambda entry: entry.filename):
                yield entry.filename, archive.read(entry)
    # RuntimeError: encrypted; NotImplementedError: packed in a way this Python does not know.
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise BadData(f"{path}: cannot be read as a zip of pictures: {error}") from error


def zipped_text(path: Path, name: str) -> str:
    """Give the text of one file of a zip.

    Raises:
        BadData: there is no such zip, no such file in it, or it is not text.
    """
    texts = [data for found, data in zipped(path, (name,)) if found == name]
    try:
        return texts[0].decode()
    except (IndexError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: has no readable {name}") from error


def rows_of(text: str, columns: Collection[str], where: object, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a table that has at least these columns.

    Raises:
        BadData: a column, or every row, is missing.
    """
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, restval="")
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise BadData(f"{where}: lacks the column(s) {', '.join(missing)}; it needs {', '.join(columns)}")
    rows = list(reader)
    if not rows:
        raise BadData(f"{where}: has no row under its heading")
    return rows


def number(text: str, where: object) -> int:
    """Read a whole number of a table.

    Raises:
        BadData: it is none.
    """
    try:
        return int(text)
    except ValueError as error:
        raise BadData(f"{where}: {text!r} is not a whole number") from error


def files_below(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Give the files with one of these endings in `folder` and below, in order of their names; none hidden.

    Raises:
        BadData: the folder is not there, or holds more than a data set may.
    """
    if not folder.is_dir():
        raise BadData(f"{folder}: no such folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    bound(folder, [path.stat().st_size for path in found])
    return found


def bound(where: object, sizes: Sequence[int]) -> None:
    """Refuse a set of more or longer files than are kept in memory.

    Raises:
        BadData: with the bound that is passed.
    """
    if len(sizes) > MAX_PICTURES:
        raise BadData(f"{where}: holds {len(sizes)} pictures; at most {MAX_PICTURES} are read")
    if sum(sizes) > MAX_SET_BYTES:
        raise BadData(f"{where}: holds {sum(sizes)} bytes of pictures; at most {MAX_SET_BYTES} are read")
    if sizes and max(sizes) > MAX_PICTURE_BYTES:
        raise BadData(f"{where}: has a picture of {max(sizes)} bytes; at most {MAX_PICTURE_BYTES} are read")


def listed(names: Iterable[str], at_most: int = 10) -> str:
    """Name the first few of many for an error's text."""
    some = list(names)
    return ", ".join(some[:at_most]) + (f" and {len(some) - at_most} more" if len(some) > at_most else "")
