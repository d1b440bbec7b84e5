"""Sets of faces are read in the form their makers gave them."""

import io
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from privacy_lab.data.catalogue import read_set
from privacy_lab.data.faces import (
    CONTRADICTORY,
    MAN,
    WOMAN,
    read_facescrub,
    read_facescrub_originals,
    read_gender,
    read_orl,
)
from privacy_lab.errors import BadData
from tests.unit.privacy_lab import made


def test_gender_pictures_are_the_face_and_labelled_by_folder(tmp_path: Path) -> None:
    faces = read_gender(made.gender_zip(tmp_path / "gender.zip", each=3))
    assert faces.labels.tolist() == [MAN] * 3 + [WOMAN] * 3
    assert faces.classes == ("man", "woman")
    assert faces.boxes == ()
    assert faces.images[0].shape == (32, 24, 3)
    assert faces.card.classes == {"man": 3, "woman": 3}
    assert (faces.card.pictures, faces.card.identities, faces.card.smallest) == (6, 0, (32, 24))


def test_the_photograph_under_both_labels_is_dropped(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip", each=2)
    with zipfile.ZipFile(path, "a") as archive:
        for name in CONTRADICTORY:
            archive.writestr(name, made.picture(0, 1))
    assert read_gender(path).card.pictures == 4


def test_near_copies_are_one_group(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip", each=3)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("man/face_9.jpg", made.picture(0, 1))
    faces = read_gender(path)
    groups = dict(zip(faces.names, faces.groups, strict=True))
    assert groups["man/face_9.jpg"] == groups["man/face_1.jpg"]
    assert len(set(faces.groups)) == 6


def test_facescrub_rows_without_a_picture_are_passed_over(tmp_path: Path) -> None:
    faces = read_facescrub(made.facescrub_zip(tmp_path / "crops.zip", each=2))
    assert faces.card.pictures == 12
    assert faces.card.identities == 6
    letters = {(name[0], int(label)) for name, label in zip(faces.identities, faces.labels, strict=True)}
    assert letters == {("M", MAN), ("F", WOMAN)}
    assert set(faces.boxes) == {(4, 2, 33, 38)}


def originals(path: Path, box: str) -> Path:
    rows = "file,identity,gender,face_bbox_x1y1x2y2\n"
    with zipfile.ZipFile(path, "w") as archive:
        for gender in "MF":
            archive.writestr(f"{gender}/1.jpg", made.picture(0, ord(gender)))
            rows += f'{gender}/1.jpg,{gender} 1,{gender},"{box}"\n'
        archive.writestr("labels.csv", rows)
    return path


def test_the_originals_have_the_box_of_their_face(tmp_path: Path) -> None:
    faces = read_facescrub_originals(originals(tmp_path / "originals.zip", "5,6,20,26"))
    assert faces.boxes == ((5, 6, 15, 20),) * 2


@pytest.mark.parametrize(
    ("box", "said"),
    [("5,6,20", "is not four numbers"), ("a,b,c,d", "'a' is not a whole number"), ("50,6,60,9", "the box")],
)
def test_a_box_that_is_none_is_named(tmp_path: Path, box: str, said: str) -> None:
    with pytest.raises(BadData, match=said):
        read_facescrub_originals(originals(tmp_path / "originals.zip", box))


def test_orl_is_grey_has_its_identities_and_is_only_ever_measured(tmp_path: Path) -> None:
    path = tmp_path / "orl.zip"
    grey = np.random.default_rng(1).integers(0, 256, (112, 92), np.uint8)
    with zipfile.ZipFile(path, "w") as archive:
        for person in ("s1", "s8", "s32"):
            archive.writestr(f"ORL/{person}/1.pgm", b"P5\n92 112\n255\n" + grey.tobytes())
    faces = read_orl(path)
    assert dict(zip(faces.identities, faces.labels.tolist(), strict=True)) == {
        "s1": MAN,
        "s8": WOMAN,
        "s32": WOMAN,
    }
    assert set(faces.parts) == {"test"}
    np.testing.assert_array_equal(faces.images[0], np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("content", ["absent", "noise", "empty", "cut"])
@pytest.mark.parametrize(
    ("name", "file"), [("gender", "gender.zip"), ("facescrub", "facescrub12-crops.zip"), ("orl", "orl.zip")]
)
def test_what_is_not_the_data_set_is_refused(tmp_path: Path, content: str, name: str, file: str) -> None:
    path = tmp_path / file
    if content == "noise":
        path.write_bytes(b"not a zip")
    elif content == "empty":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("labels.csv", "file,identity,gender\n")
    elif content == "cut":
        path.write_bytes(made.gender_zip(path, each=2).read_bytes()[:-100])
    with pytest.raises(BadData):
        read_set(name, tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip", each=1)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + flags] |= 1
            place = data.find(signature, place + 1)
    path.write_bytes(data)
    with pytest.raises(BadData, match="encrypted"):
        read_gender(path)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crops.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.csv", "name,who\na,b\n")
    with pytest.raises(BadData, match=r"labels\.csv: lacks the column\(s\) file, identity, gender"):
        read_facescrub(path)


def test_a_picture_that_is_none_is_skipped_and_named(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip", each=2)
    whole = made.picture(0, 5)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("man/face_8.jpg", b"text")
        archive.writestr("man/face_9.jpg", whole[: len(whole) // 2])
    card = read_gender(path).card
    assert card.skipped == ("man/face_8.jpg", "man/face_9.jpg")
    assert card.pictures == 4


def test_a_label_without_a_picture_is_refused_with_what_could_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "gender.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("man/face_1.jpg", made.picture(0, 1))
        archive.writestr("woman/face_1.jpg", b"text")
    with pytest.raises(BadData, match=r"no picture of woman \(1 could not be read: woman/face_1\.jpg\)"):
        read_gender(path)


def test_the_hash_changes_with_a_pixel_a_label_and_a_name(tmp_path: Path) -> None:
    def card(name: str, value: int) -> str:
        picture = np.full((8, 8, 3), 90, np.uint8)
        picture[3, 4, 1] = value
        packed = cv2.imencode(".png", picture)[1].tobytes()
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for folder in ("man", "woman"):
                archive.writestr(f"{folder}/{name}.jpg", packed)
        path = tmp_path / "gender.zip"
        path.write_bytes(file.getvalue())
        return read_gender(path).card.sha256

    assert card("a", 90) == card("a", 90)
    assert len({card("a", 90), card("a", 91), card("b", 90)}) == 3
