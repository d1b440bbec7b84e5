"""Faces to learn from and to attack, read from the zips as their makers laid them out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from models.pictures import Box
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.gathering import About, Entry, Place, filling, gather
from privacy_lab.data.near_copies import group_copies, thumbnails
from privacy_lab.data.reading import number, rows_of, zipped, zipped_text
from privacy_lab.errors import BadData

MAN: Final = 0
WOMAN: Final = 1
GENDERS: Final = ("man", "woman")

GENDER: Final = About(
    name="gender.zip, web photographs of faces, no identities",
    source="github.com/balajisrinivas/Gender-Detection",
    terms="none stated by its makers; photographs found on the web",
)
FACESCRUB: Final = About(
    name="FaceScrub, face crops of 12 identities",
    source="FaceScrub (Ng and Winkler 2014) via github.com/derekli19951103/411a1 and Shane0510/csc411",
    terms="research, non-commercial (CC BY-NC-ND 4.0 on the list; photographs belong to their photographers)",
)
FACESCRUB_ORIGINALS: Final = replace(FACESCRUB, name="FaceScrub, photographs of 12 identities")
ORL: Final = About(
    name="ORL (AT&T) faces, 40 identities; gender labels are this project's reading of the pictures",
    source="AT&T Laboratories Cambridge via github.com/TilakD",
    terms="research",
)

# One photograph that stands under both labels: it teaches nothing and measures nothing.
CONTRADICTORY: Final = frozenset({"man/face_620.jpg", "woman/face_775.jpg"})
# The makers of ORL state no gender. We looked at all 40 subjects: these four are women, the others men.
ORL_WOMEN: Final = frozenset({"s8", "s10", "s32", "s35"})
# Where the face stands in a FaceScrub crop, as shares (x, y, width, height): the data set's box is wider than
# the box of a face detector, by which regions are cut at run time.
_FACESCRUB_BOX: Final = (0.10, 0.05, 0.82, 0.95)
_JPEG: Final = (".jpg", ".jpeg")


def read_gender(path: Path) -> DataSet:
    """Read gender.zip: `man/*.jpg` and `woman/*.jpg`, each cropped to the face; near-copies are one group.

    Raises:
        BadData: no such zip, or none of these pictures in it.
    """
    faces = gather(GENDER, GENDERS, _gender_entries(path))
    groups = group_copies(thumbnails(faces.images))
    return replace(faces, groups=tuple(faces.names[k] for k in groups))


def read_facescrub(path: Path) -> DataSet:
    """Read the FaceScrub crops: `images/<identity>/<hash>.jpg`, described row by row in `labels.csv`.

    Raises:
        BadData: no such zip, no labels.csv with `file`, `identity` and `gender`, or no picture it names.
    """
    return gather(FACESCRUB, GENDERS, _facescrub_entries(path, "images/"))


def read_facescrub_originals(path: Path) -> DataSet:
    """Read whole photographs with the box of one face each, which `labels.csv` states by its corners.

    Raises:
        BadData: as `read_facescrub`, or a box is not four numbers.
    """
    return gather(FACESCRUB_ORIGINALS, GENDERS, _facescrub_entries(path, ""))


def read_orl(path: Path) -> DataSet:
    """Read ORL: `ORL/s<identity>/<1 to 10>.pgm`, grey. All of it is for measuring, none for training.

    Raises:
        BadData: no such zip, or none of these pictures in it.
    """
    return gather(ORL, GENDERS, _orl_entries(path))


def _gender_entries(path: Path) -> Iterator[Entry]:
    for name, data in zipped(path, _JPEG):
        folder = name.split("/", maxsplit=1)[0]
        if folder in GENDERS and name not in CONTRADICTORY:
            yield Entry(name, data, GENDERS.index(folder))


def _facescrub_entries(path: Path, below: str) -> Iterator[Entry]:
    files = dict(zipped(path, _JPEG))
    table = zipped_text(path, "labels.csv")
    for row in rows_of(table, ("file", "identity", "gender"), f"{path}: labels.csv"):
        name = below + row["file"]
        data = files.get(name) or files.get(str(PurePosixPath(name).with_suffix(".jpg")))
        if data is not None and row["gender"] in ("M", "F"):
            label = WOMAN if row["gender"] == "F" else MAN
            place = _share if below else _corners(row.get("face_bbox_x1y1x2y2", ""), f"{path}: {name}")
            yield Entry(name, data, label, identity=row["identity"], place=place)


def _orl_entries(path: Path) -> Iterator[Entry]:
    for name, data in zipped(path, (".pgm",)):
        identity = PurePosixPath(name).parent.name
        label = WOMAN if identity in ORL_WOMEN else MAN
        yield Entry(name, data, label, identity=identity, part="test")


def _share(height: int, width: int) -> Box:
    x, y, w, h = _FACESCRUB_BOX
    return (round(x * width), round(y * height), round(w * width), round(h * height))


def _corners(text: str, where: str) -> Place:
    corners = [number(value, f"{where}: face_bbox_x1y1x2y2") for value in text.split(",")] if text else []
    if not corners:
        return filling
    if len(corners) != 4:
        raise BadData(f"{where}: face_bbox_x1y1x2y2 {text!r} is not four numbers")
    left, top, right, bottom = corners
    return lambda _height, _width: (left, top, right - left, bottom - top)
