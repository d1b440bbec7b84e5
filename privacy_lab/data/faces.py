"""Faces to learn from, read from the zips as their makers laid them out."""

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.pictures import Box
from privacy_lab.errors import BadData

Picture = NDArray[np.uint8]
Source = Literal["gender", "facescrub"]

MAN: Final = 0
WOMAN: Final = 1
# One photograph that stands under both labels: it teaches nothing and measures nothing.
CONTRADICTORY: Final = frozenset({"man/face_620.jpg", "woman/face_775.jpg"})
# Where the face stands in a FaceScrub crop, as shares (x, y, width, height): the data set's box is wider than
# the box of a face detector, by which regions are cut at run time.
_FACESCRUB_BOX: Final = (0.10, 0.05, 0.82, 0.95)


@dataclass(frozen=True, slots=True)
class Face:
    """One labelled picture of a face: JPEG bytes, and the face's box (x, y, width, height) in pixels."""

    source: Source
    name: str
    label: int
    identity: str
    jpeg: bytes
    box: Box


@dataclass(frozen=True, slots=True)
class FaceSet:
    """A data set of faces: where it came from, under which terms, and how its file is read."""

    key: Source
    name: str
    source: str
    terms: str
    file: str
    reader: Callable[[Path], list[Face]]

    def read(self, folder: Path) -> list[Face]:
        """Read the set from its file in `folder`, or in `folder`/faces.

        Raises:
            BadData: the file is not there, or not of the set's format.
        """
        places = [folder / "faces" / self.file, folder / self.file]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise BadData(f"{places[0]}: no such file. --data names the folder that holds faces/{self.file}")
        return self.reader(found)


def decode(face: Face) -> Picture:
    """Give the picture as RGB uint8 [height, width, 3].

    Raises:
        BadData: the bytes are not a picture.
    """
    picture = cv2.imdecode(np.frombuffer(face.jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise BadData(f"{face.source}: {face.name} is not a picture")
    return np.asarray(picture, np.uint8)


def read_gender(path: Path) -> list[Face]:
    """Read gender.zip: `man/*.jpg` and `woman/*.jpg`, each cropped to the face, without identities.

    Raises:
        BadData: no such zip, or none of these pictures in it.
    """
    faces = []
    for name, jpeg in _members(path):
        folder = name.split("/", maxsplit=1)[0]
        if folder in ("man", "woman") and name not in CONTRADICTORY:
            height, width = _size(jpeg, name)
            label = WOMAN if folder == "woman" else MAN
            faces.append(Face("gender", name, label, "", jpeg, (0, 0, width, height)))
    return _some(faces, path)


def read_facescrub(path: Path) -> list[Face]:
    """Read the FaceScrub crops: `images/<identity>/<hash>.jpg`, described row by row in `labels.csv`.

    Raises:
        BadData: no such zip, no labels.csv with `file`, `identity` and `gender`, or no picture it names.
    """
    members = dict(_members(path))
    faces = []
    for row in _rows(path):
        name = f"images/{row['file']}"
        jpeg = members.get(name) or members.get(str(Path(name).with_suffix(".jpg")))
        if jpeg is not None and row["gender"] in ("M", "F"):
            label = WOMAN if row["gender"] == "F" else MAN
            faces.append(Face("facescrub", name, label, row["identity"], jpeg, _facescrub_box(jpeg, name)))
    return _some(faces, path)


def _facescrub_box(jpeg: bytes, name: str) -> Box:
    height, width = _size(jpeg, name)
    x, y, w, h = _FACESCRUB_BOX
    return (round(x * width), round(y * height), round(w * width), round(h * height))


def _size(jpeg: bytes, name: str) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise BadData(f"{name} is not a picture")
    return picture.shape[0], picture.shape[1]


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith((".jpg", ".jpeg")):
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        raise BadData(f"{path}: cannot be read as a zip of pictures: {error}") from error


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read("labels.csv").decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: has no readable labels.csv") from error
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or not {"file", "identity", "gender"} <= set(rows[0]):
        raise BadData(f"{path}: labels.csv lacks the columns file, identity and gender")
    return rows


def _some(faces: list[Face], path: Path) -> list[Face]:
    if not faces:
        raise BadData(f"{path}: holds none of the pictures that this data set is made of")
    return faces


GENDER: Final = FaceSet(
    key="gender",
    name="gender.zip, web photographs of faces, no identities",
    source="github.com/balajisrinivas/Gender-Detection",
    terms="none stated by its makers; photographs found on the web",
    file="gender.zip",
    reader=read_gender,
)
FACESCRUB: Final = FaceSet(
    key="facescrub",
    name="FaceScrub, face crops of 12 identities",
    source="FaceScrub (Ng and Winkler 2014) via github.com/derekli19951103/411a1 and Shane0510/csc411",
    terms="research, non-commercial (CC BY-NC-ND 4.0 on the list; photographs belong to their photographers)",
    file="facescrub12-crops.zip",
    reader=read_facescrub,
)
