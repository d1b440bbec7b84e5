"""Data sets are read in the form their makers gave them, and divided without leaks."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from privacy_lab.data.faces import (
    CONTRADICTORY,
    FACESCRUB,
    GENDER,
    MAN,
    WOMAN,
    decode,
    read_facescrub,
    read_gender,
)
from privacy_lab.data.splits import Split, group_copies, split_by_identity, split_by_picture, thumbnails
from privacy_lab.errors import BadData
from tests.unit.privacy_lab import made


def test_gender_pictures_are_the_face_and_labelled_by_folder(tmp_path: Path) -> None:
    faces = read_gender(made.gender_zip(tmp_path / "gender.zip", each=3))
    assert [face.label for face in faces] == [MAN] * 3 + [WOMAN] * 3
    assert faces[0].box == (0, 0, 24, 32)
    assert decode(faces[0]).shape == (32, 24, 3)


def test_the_photograph_under_both_labels_is_dropped(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip", each=2)
    with zipfile.ZipFile(path, "a") as archive:
        for name in CONTRADICTORY:
            archive.writestr(name, made.picture(0, 1))
    assert len(read_gender(path)) == 4


def test_facescrub_rows_without_a_picture_are_passed_over(tmp_path: Path) -> None:
    faces = read_facescrub(made.facescrub_zip(tmp_path / "crops.zip", each=2))
    assert len(faces) == 12
    assert {(face.identity[0], face.label) for face in faces} == {("M", MAN), ("F", WOMAN)}
    assert all(0 <= value <= 40 for face in faces for value in face.box)


@pytest.mark.parametrize("content", ["absent", "noise", "empty"])
@pytest.mark.parametrize("data_set", [GENDER, FACESCRUB])
def test_what_is_not_the_data_set_is_refused(tmp_path: Path, content: str, data_set) -> None:
    path = tmp_path / data_set.file
    if content == "noise":
        path.write_bytes(b"not a zip")
    elif content == "empty":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("labels.csv", "file,identity,gender\n")
    with pytest.raises(BadData, match=data_set.file):
        data_set.read(tmp_path)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crops.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.csv", "name,who\na,b\n")
    with pytest.raises(BadData, match="columns"):
        read_facescrub(path)


def test_a_picture_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gender.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("man/face_1.jpg", b"text")
    with pytest.raises(BadData, match=r"man/face_1\.jpg"):
        read_gender(path)


def parts(split: Split) -> list[set[str]]:
    return [{face.name for face in part} for part in (split.train, split.validation, split.held_out)]


def test_no_identity_is_on_both_sides(tmp_path: Path) -> None:
    faces = read_facescrub(made.facescrub_zip(tmp_path / "crops.zip"))
    split = split_by_identity(faces, made.recipe().data)
    unseen = {face.identity for face in split.held_out}
    assert {name[0] for name in unseen} == {"M", "F"}
    assert len(unseen) == 2
    assert not unseen & {face.identity for face in (*split.train, *split.validation)}
    assert sum(map(len, parts(split))) == len(faces)


def test_the_split_depends_on_nothing_but_the_names(tmp_path: Path) -> None:
    faces = read_gender(made.gender_zip(tmp_path / "gender.zip"))
    spec = made.recipe().data
    assert parts(split_by_picture(faces, spec)) == parts(split_by_picture(faces[::-1], spec))
    assert all(parts(split_by_picture(faces, spec)))


def test_near_copies_stay_together(tmp_path: Path) -> None:
    path = made.gender_zip(tmp_path / "gender.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(40):
            archive.writestr(f"man/face_9{number}.jpg", made.picture(0, number))
    split = split_by_picture(read_gender(path), made.recipe().data)
    for part in parts(split):
        for number in range(40):
            assert (f"man/face_{number}.jpg" in part) == (f"man/face_9{number}.jpg" in part)


def test_copies_of_copies_are_one_group() -> None:
    angles = np.array([0.0, 0.25, 0.5, 2.0])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert group_copies(rows) == [0, 0, 0, 3]


def test_a_flat_picture_is_nobodys_copy(tmp_path: Path) -> None:
    faces = read_gender(made.gender_zip(tmp_path / "gender.zip", each=2))
    assert np.isfinite(thumbnails(faces)).all()
