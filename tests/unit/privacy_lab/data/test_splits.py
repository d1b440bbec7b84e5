"""Data sets are divided without leaks, the same way each time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from privacy_lab.data.dataset import DataSet
from privacy_lab.data.faces import read_facescrub, read_gender
from privacy_lab.data.gathering import About, gather_stack
from privacy_lab.data.near_copies import group_copies, thumbnails
from privacy_lab.data.pictures import Stack
from privacy_lab.data.splits import Division, divide
from privacy_lab.errors import BadData
from privacy_lab.recipe import DataSpec
from tests.unit.privacy_lab import made

SPEC = DataSpec(sets=("any",), held_out=5, validation=10, identities_each=1)


def made_set(n: int = 200) -> DataSet:
    stack = Stack(np.zeros((n, 2, 2, 3), np.uint8))
    return gather_stack(About("made", "here", "none"), ("a",), stack, [0] * n, [f"{k}.png" for k in range(n)])


def parts(division: Division) -> tuple[set[int], set[int], set[int]]:
    train, validation, held_out = (
        set(part.tolist()) for part in (division.train, division.validation, division.held_out)
    )
    assert not train & validation
    assert not held_out & (train | validation)
    return train, validation, held_out


def names(data: DataSet, division: Division) -> list[set[str]]:
    return [{data.names[k] for k in part} for part in parts(division)]


def test_pictures_are_divided_by_their_names_alone() -> None:
    data = made_set()
    order = np.random.default_rng(3).permutation(200)
    shuffled = replace(data, names=tuple(data.names[k] for k in order))
    divided = names(data, divide(data, SPEC))
    assert divided == names(shuffled, divide(shuffled, SPEC))
    sizes = [len(part) for part in divided]
    assert sum(sizes) == 200
    assert 20 < sizes[2] < 65
    assert 5 < sizes[1] < 40


def test_a_group_stays_together() -> None:
    data = replace(made_set(), groups=tuple(f"track {k // 5}" for k in range(200)))
    for part in parts(divide(data, SPEC)):
        assert part
        assert all(set(range(k - k % 5, k - k % 5 + 5)) <= part for k in part)


def test_the_official_test_part_is_held_out_and_nothing_else() -> None:
    data = replace(made_set(), parts=("train",) * 150 + ("test",) * 50)
    train, validation, held_out = parts(divide(data, SPEC))
    assert held_out == set(range(150, 200))
    assert train
    assert validation


def test_a_set_that_is_only_measured_trains_nothing() -> None:
    data = replace(made_set(), parts=("test",) * 200, identities=("someone",) * 200)
    division = divide(data, SPEC)
    assert len(division.held_out) == 200


def test_no_identity_is_on_both_sides(tmp_path: Path) -> None:
    faces = read_facescrub(made.facescrub_zip(tmp_path / "crops.zip"))
    division = divide(faces, SPEC)
    train, validation, held_out = parts(division)
    unseen = {faces.identities[k] for k in held_out}
    assert {name[0] for name in unseen} == {"M", "F"}
    assert len(unseen) == 2
    assert not unseen & {faces.identities[k] for k in train | validation}
    assert len(train | validation | held_out) == faces.card.pictures


def test_too_few_identities_to_hold_out_are_counted(tmp_path: Path) -> None:
    faces = read_facescrub(made.facescrub_zip(tmp_path / "crops.zip"))
    spec = DataSpec(sets=("any",), held_out=5, validation=10, identities_each=3)
    with pytest.raises(BadData, match="3 identities with label 0; holding out 3 of them leaves none"):
        divide(faces, spec)


def test_near_copies_stay_on_one_side(tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415

    path = made.gender_zip(tmp_path / "gender.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(40):
            archive.writestr(f"man/face_9{number}.jpg", made.picture(0, number))
    faces = read_gender(path)
    for part in names(faces, divide(faces, SPEC)):
        for number in range(40):
            assert (f"man/face_{number}.jpg" in part) == (f"man/face_9{number}.jpg" in part)


def test_copies_of_copies_are_one_group() -> None:
    angles = np.array([0.0, 0.25, 0.5, 2.0])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert group_copies(rows) == [0, 0, 0, 3]


def test_copies_are_found_across_the_chunks_that_are_compared() -> None:
    rows = np.eye(64, dtype=np.float32)[np.arange(5000) % 64]
    assert group_copies(rows) == [k % 64 for k in range(5000)]


def test_a_flat_picture_is_nobodys_copy() -> None:
    rows = thumbnails([np.full((9, 9, 3), value, np.uint8) for value in (0, 90, 255)])
    assert np.isfinite(rows).all()
    assert group_copies(rows) == [0, 1, 2]
