"""Training views are random but repeatable, of the right size, and never what is measured."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from privacy_lab.embeddings.augment import augment
from privacy_lab.embeddings.crops import crop_views
from privacy_lab.embeddings.examples import RegionExamples
from privacy_lab.embeddings.parts import read_parts, train_regions
from privacy_lab.recipe import Crops, Recipe
from tests.unit.privacy_lab import made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_folder(tmp_path_factory.mktemp("data"))


def recipes() -> list[Recipe]:
    camera = made.recipe()
    crops = msgspec.structs.replace(camera, views=Crops(flip=True, shift=2, cutout=4))
    return [camera, crops]


@pytest.mark.parametrize("recipe", recipes(), ids=["camera", "crops"])
def test_an_epoch_is_the_same_each_time_and_another_is_not(data: Path, recipe: Recipe) -> None:
    examples = RegionExamples(read_parts(recipe, data), recipe)
    first, again, other = (list(examples.epoch(number)) for number in (0, 0, 1))
    assert all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0][0], other[0][0])
    assert len(first) == examples.steps
    assert first[0][0].shape[1:] == (3, made.SIDE, made.SIDE)
    assert sum(len(labels) for _, labels in first) == len(examples.regions)


def test_people_of_two_sets_are_not_taken_for_one_another(data: Path) -> None:
    recipe = made.recipe()
    twice = msgspec.structs.replace(
        recipe, data=msgspec.structs.replace(recipe.data, sets=("facescrub", "facescrub"))
    )
    once = msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, sets=("facescrub",)))
    people = [len(set(train_regions(read_parts(r, data), r).identities.tolist())) for r in (once, twice)]
    assert people == [4, 8]


def numbered(n: int = 50, side: int = 8) -> np.ndarray:
    # Each pixel says where it is: rows in red, columns in green.
    rows, columns = np.mgrid[0:side, 0:side] * 20
    return np.repeat(np.stack([rows, columns, rows * 0], axis=2)[None].astype(np.uint8), n, axis=0)


def test_crops_shift_by_whole_pixels_and_mirror_some() -> None:
    views = crop_views(numbered(), Crops(flip=True, shift=2, cutout=0), np.random.default_rng(0))
    steps = np.unique(np.diff(views[:, 4, 2:6, 1].astype(int), axis=1)[:, 1])
    assert set(steps) <= {-20, 20}
    assert len(steps) == 2
    assert len({view.tobytes() for view in views}) > 10


def test_without_flips_nothing_is_mirrored() -> None:
    views = crop_views(numbered(), Crops(flip=False, shift=1, cutout=0), np.random.default_rng(0))
    assert (np.diff(views[:, 4, 2:6, 1].astype(int), axis=1) > 0).all()


def test_crops_that_do_nothing_give_the_pictures_themselves() -> None:
    pictures = numbered()
    same = crop_views(pictures, Crops(flip=False, shift=0, cutout=0), np.random.default_rng(0))
    assert np.array_equal(same, pictures)


def test_at_most_a_square_is_hidden() -> None:
    pictures = numbered()
    views = crop_views(pictures, Crops(flip=False, shift=0, cutout=3), np.random.default_rng(0))
    hidden = (views != pictures).any(axis=3).sum(axis=(1, 2))
    assert 0 < hidden.max() <= 9
    assert hidden.min() < 9  # near the edge, part of the square lies outside


def test_signs_are_never_mirrored_by_a_camera() -> None:
    recipe, random = made.recipe(), np.random.default_rng(0)
    wide = np.zeros((20, 20, 3), np.uint8)
    wide[:, :10] = 255  # bright on the left
    sides = [augment(wide, recipe.input, random, flip=False).astype(int) for _ in range(40)]
    assert all(view[:, :6].sum() >= view[:, -6:].sum() for view in sides)
