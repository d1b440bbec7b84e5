"""What is attacked is never what the attacker learns from."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from models.manifest import ANALYZER, FileEntry, Manifest, Parameters, Provenance
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.data.folders import read_own
from privacy_lab.data.material import halve, material_of
from privacy_lab.errors import BadData
from privacy_lab.recipe import Recipe
from tests.unit.privacy_lab import made
from tests.unit.privacy_lab.data.official import noise, ppm


def manifest(recipe: Recipe) -> Manifest:
    return Manifest(
        schema=1,
        kind="picture",
        name="tiny",
        task=recipe.task,
        labels=recipe.labels,
        region=recipe.region,
        input=recipe.input,
        files={ANALYZER: FileEntry("0" * 64, 1)},
        parameters=Parameters(0, 0),
        provenance=Provenance("code", "recipe", 1, (), "none"),
    )


def recipe(*sets: str) -> Recipe:
    tiny = made.recipe()
    return msgspec.structs.replace(tiny, data=msgspec.structs.replace(tiny.data, sets=sets))


def pixels(regions: Regions) -> set[bytes]:
    return {image.tobytes() for image in regions.images}


def people(regions: Regions) -> set[int]:
    return set(regions.identities.tolist()) - {UNKNOWN}


def own(folder: Path, form: str, *, people_each: int = 4, pictures: int = 3) -> Path:
    for label in ("man", "woman"):
        for person in range(people_each):
            for k in range(pictures):
                name = form.format(label=label, person=f"{label}-{person}", k=f"{person}-{k}")
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                seed = 1000 * (label == "man") + 10 * person + k
                path.write_bytes(ppm(noise(20, 20, 3, seed=seed)))
    return folder


def test_a_providers_sets_give_training_parts_held_out_parts_and_strangers(tmp_path: Path) -> None:
    tiny = recipe("gender", "facescrub")
    material = material_of(manifest(tiny), made.data_folder(tmp_path), tiny)
    assert not pixels(material.auxiliary) & pixels(material.attacked)
    assert not people(material.auxiliary) & people(material.attacked)
    assert len(material.auxiliary) + len(material.attacked) == 80 + 36
    assert material.gallery is not None
    assert people(material.gallery) == people(material.attacked)
    assert len(people(material.gallery)) == 2
    assert [card.pictures for card in material.cards] == [80, 36]


def test_people_of_two_sets_are_told_apart(tmp_path: Path) -> None:
    made.data_folder(tmp_path)
    tiny = recipe("facescrub", "facescrub")
    material = material_of(manifest(tiny), tmp_path, tiny)
    assert len(people(material.attacked)) == 4
    assert len(people(material.auxiliary)) == 8


def test_sets_without_identities_give_no_gallery(tmp_path: Path) -> None:
    tiny = recipe("gender")
    assert material_of(manifest(tiny), made.data_folder(tmp_path), tiny).gallery is None


@pytest.mark.parametrize(
    ("form", "labelled", "known"),
    [
        ("{label}/{person}/{k}.ppm", True, True),
        ("{person}/{k}.ppm", False, True),
        ("{label}/{k}.ppm", True, False),
    ],
)
def test_a_clients_pictures_are_halved(tmp_path: Path, form: str, *, labelled: bool, known: bool) -> None:
    material = material_of(manifest(recipe("gender")), own(tmp_path, form), None)
    assert not pixels(material.auxiliary) & pixels(material.attacked)
    assert len(material.auxiliary) == len(material.attacked) == 12
    for half in (material.auxiliary, material.attacked):
        assert set(half.labels.tolist()) == ({0, 1} if labelled else {UNKNOWN})
    if known:
        assert not people(material.auxiliary) & people(material.attacked)
        assert material.gallery is not None
        assert len(people(material.gallery)) == 8
    else:
        assert material.gallery is None


def test_labels_are_the_bundles_whatever_the_folders_order(tmp_path: Path) -> None:
    turned = msgspec.structs.replace(recipe("gender"), labels=("woman", "man"))
    for label, value in (("man", 20), ("woman", 220)):
        for person in range(2):
            (tmp_path / label / f"{person}").mkdir(parents=True)
            (tmp_path / label / f"{person}" / "1.ppm").write_bytes(ppm(np.full((9, 9, 3), value, np.uint8)))
    material = material_of(manifest(turned), tmp_path, None)
    for half in (material.auxiliary, material.attacked):
        bright: NDArray[np.bool_] = half.images.mean(axis=(1, 2, 3)) > 128
        assert bright.tolist() == (half.labels == 0).tolist()


def test_near_copies_are_not_attacked_with_their_originals(tmp_path: Path) -> None:
    for k in range(12):
        picture = cv2.resize(noise(5, 5, 3, seed=k), (40, 40), interpolation=cv2.INTER_LINEAR)
        (tmp_path / "man").mkdir(exist_ok=True)
        (tmp_path / "man" / f"{k}.ppm").write_bytes(ppm(picture))
        (tmp_path / "man" / f"{k}-darker.ppm").write_bytes(ppm((picture * 0.8).astype(np.uint8)))
    data = read_own(tmp_path, ("man", "woman"))
    known, attacked = ({data.names[k].split(".")[0].split("-")[0] for k in half} for half in halve(data))
    assert not known & attacked
    assert len(known) == len(attacked) == 6


def test_one_person_cannot_be_halved(tmp_path: Path) -> None:
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve" / "1.ppm").write_bytes(ppm(noise(9, 9, 3)))
    with pytest.raises(BadData, match="has one identity; an attacker learns from some and attacks others"):
        material_of(manifest(recipe("gender")), tmp_path, None)


def test_sets_of_another_task_are_refused(tmp_path: Path) -> None:
    other = msgspec.structs.replace(recipe("gender"), labels=("a", "b", "c"))
    with pytest.raises(BadData, match="has 2 classes, but the bundle tiny answers with 3 labels"):
        material_of(manifest(other), made.data_folder(tmp_path), other)
