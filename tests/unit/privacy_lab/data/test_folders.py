"""Pictures in folders mean what the folders' names say, and are refused where they say two things."""

from pathlib import Path

import pytest

from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.data.folders import read_own
from privacy_lab.errors import BadData
from tests.unit.privacy_lab.data.official import noise, ppm

LABELS = ("man", "woman")


def fill(folder: Path, *names: str) -> Path:
    for k, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ppm(noise(16, 16, 3, seed=k)))
    return folder


def test_classes_are_the_folders_in_order_of_their_names(tmp_path: Path) -> None:
    data = read_set("classes", fill(tmp_path, "ox/1.ppm", "cow/1.ppm", "cow/2.ppm", ".hidden/1.ppm"))
    assert data.classes == ("cow", "ox")
    assert data.names == ("cow/1.ppm", "cow/2.ppm", "ox/1.ppm")
    assert data.labels.tolist() == [0, 0, 1]
    assert data.identities == ()


def test_identities_have_no_labels(tmp_path: Path) -> None:
    data = read_set("identities", fill(tmp_path, "ann/1.ppm", "ann/2.ppm", "bob/1.ppm"))
    assert data.identities == ("ann", "ann", "bob")
    assert data.labels.tolist() == [UNKNOWN] * 3
    assert data.card.identities == 2


def test_one_name_under_two_classes_is_two_people(tmp_path: Path) -> None:
    data = read_set("identities", fill(tmp_path, "man/kim/1.ppm", "woman/kim/1.ppm"))
    assert data.classes == LABELS
    assert data.labels.tolist() == [0, 1]
    assert data.identities == ("man/kim", "woman/kim")


def test_a_class_without_a_picture_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "cow/1.ppm")
    (tmp_path / "ox").mkdir()
    with pytest.raises(BadData, match="no picture of ox"):
        read_set("classes", tmp_path)


@pytest.mark.parametrize("name", ["classes", "identities"])
def test_pictures_at_other_depths_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadData, match="lie 0, 3 folders deep; they belong in"):
        read_set(name, fill(tmp_path, "1.ppm", "a/b/c/1.ppm"))


def test_pictures_of_ones_own_take_the_tasks_labels(tmp_path: Path) -> None:
    data = read_own(fill(tmp_path, "woman/1.ppm", "man/1.ppm"), LABELS)
    assert [data.classes[label] for label in data.labels] == ["man", "woman"]


def test_pictures_of_one_label_alone_are_welcome(tmp_path: Path) -> None:
    data = read_own(fill(tmp_path, "woman/eve/1.ppm", "woman/ida/1.ppm"), LABELS)
    assert data.classes == ("woman",)
    assert data.card.identities == 2


def test_folders_that_are_no_labels_are_identities(tmp_path: Path) -> None:
    data = read_own(fill(tmp_path, "eve/1.ppm", "ida/1.ppm"), LABELS)
    assert data.labels.tolist() == [UNKNOWN, UNKNOWN]
    assert data.identities == ("eve", "ida")


@pytest.mark.parametrize(
    "names",
    [("man/1.ppm", "women/1.ppm"), ("men/a/1.ppm", "women/b/1.ppm"), ("man/a/1.ppm", "women/b/1.ppm")],
)
def test_a_misspelt_label_is_not_taken_for_a_person(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(BadData, match="women is none of the labels man, woman"):
        read_own(fill(tmp_path, *names), LABELS)


def test_a_set_of_too_many_bytes_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a/1.ppm", "a/2.ppm")
    monkeypatch.setattr("privacy_lab.data.reading.MAX_SET_BYTES", 1000)
    with pytest.raises(BadData, match="at most 1000 are read"):
        read_set("classes", tmp_path)


def test_a_picture_too_large_is_refused_by_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy_lab.data.reading.MAX_PICTURE_BYTES", 700)
    with pytest.raises(BadData, match=r"has a picture of \d+ bytes; at most 700"):
        read_set("classes", fill(tmp_path, "a/1.ppm"))
