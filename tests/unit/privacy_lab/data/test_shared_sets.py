"""The real sets are read whole, and divided as they were when the shipped bundles were trained."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import DataSet
from privacy_lab.data.faces import ORL_WOMEN
from privacy_lab.data.near_copies import thumbnails
from privacy_lab.data.splits import Division, divide
from privacy_lab.recipe import DataSpec

SPEC = DataSpec(sets=("any",), held_out=5, validation=10, identities_each=2)


def sizes(division: Division) -> tuple[int, int, int]:
    return len(division.train), len(division.validation), len(division.held_out)


def held_out_names(data: DataSet) -> str:
    names = sorted(data.names[k] for k in divide(data, SPEC).held_out)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def test_gender_has_the_held_out_set_of_the_first_bundle(data_dir: Path) -> None:
    data = read_set("gender", data_dir)
    assert data.card.classes == {"man": 988, "woman": 943}
    assert sizes(divide(data, SPEC)) == (1363, 155, 413)
    assert held_out_names(data) == "425557a5bf7ef470"


def test_facescrub_has_the_held_out_identities_of_the_first_bundle(data_dir: Path) -> None:
    data = read_set("facescrub", data_dir)
    assert data.card.identities == 12
    assert sizes(divide(data, SPEC)) == (687, 84, 491)
    assert held_out_names(data) == "91a1252a30d67471"
    unseen = {data.identities[k] for k in divide(data, SPEC).held_out}
    originals = read_set("facescrub-originals", data_dir)
    assert unseen == {originals.identities[k] for k in divide(originals, SPEC).held_out}


def test_orl_has_four_women_and_trains_nothing(data_dir: Path) -> None:
    data = read_set("orl", data_dir)
    assert data.card.classes == {"man": 360, "woman": 40}
    assert {data.identities[k] for k in np.flatnonzero(data.labels == 1)} == ORL_WOMEN
    assert sizes(divide(data, SPEC)) == (0, 0, 400)


def test_signs_are_divided_by_track(data_dir: Path) -> None:
    data = read_set("gtsrb10", data_dir)
    assert data.card.pictures == 10_530
    division = divide(data, SPEC)
    tracks = [
        {data.groups[k] for k in part} for part in (division.train, division.validation, division.held_out)
    ]
    assert sum(map(len, tracks)) == len(set(data.groups)) == 351
    assert all(len(set(data.labels[part].tolist())) == 10 for part in (division.train, division.held_out))


def test_the_lossless_pictures_are_those_of_the_jpegs(data_dir: Path) -> None:
    sheets = read_set("cifar10-lossless", data_dir)
    assert sheets.card.pictures == 2000
    jpegs = read_set("cifar10-jpeg", data_dir)
    assert set(jpegs.card.classes.values()) == {6000}
    assert sizes(divide(jpegs, SPEC))[2] == 10_000
    # The first lossless picture is the first frog of the JPEGs' training part.
    frog = jpegs.images[jpegs.names.index("train/frog/0000.jpg")].astype(float)
    assert sheets.labels[0] == jpegs.classes.index("frog")
    assert np.mean((sheets.images[0] - frog) ** 2) == pytest.approx(91.44, rel=0.02)


def test_mnist_is_whole(data_dir: Path) -> None:
    data = read_set("mnist", data_dir)
    assert data.card.pictures == 70_000
    assert data.card.classes["1"] == 7877
    assert data.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert sizes(divide(data, SPEC))[2] == 10_000


@pytest.mark.parametrize("name", ["cifar100-128", "svhn-128"])
def test_normalised_samples_are_bytes_again_and_only_attacked(data_dir: Path, name: str) -> None:
    data = read_set(name, data_dir)
    array = np.stack(list(data.images))
    assert array.shape == (128, 32, 32, 3)
    assert (array.min(), array.max()) == (0, 255)
    assert sizes(divide(data, SPEC)) == (0, 0, 128)
    # Neighbouring pixels of a photograph are alike; of rows or channels taken wrongly they are not.
    for axis in (1, 2):
        one, next_to_it = np.delete(array, -1, axis), np.delete(array, 0, axis)
        assert np.corrcoef(one.ravel(), next_to_it.ravel())[0, 1] > 0.8


def test_no_photograph_of_gender_is_on_two_sides(data_dir: Path) -> None:
    data = read_set("gender", data_dir)
    division = divide(data, SPEC)
    rows = thumbnails(data.images)
    trained = np.concatenate([division.train, division.validation])
    assert (rows[trained] @ rows[division.held_out].T).max() <= 0.95
