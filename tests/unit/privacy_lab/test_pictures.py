"""Clips become pictures with and without shaded regions, and a bundle that tells them apart."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")

from models.bundle import load_analyzer
from models.catalogue import find
from models.manifest import InputSpec
from models.pictures import decode_picture
from models.reading import load_manifest
from models.verify import verify_bundle
from privacy_lab.assemble_picture import measure_pictures, train_picture_bundle
from privacy_lab.clips import CLIP_SETS, find_clips, frames, photographs
from privacy_lab.errors import BadData, BadRecipe, ExportFailed
from privacy_lab.picture_examples import PictureExamples, censored_pairs, read_places
from privacy_lab.recipe import PictureRecipe, Style, read_any_recipe, read_recipe
from privacy_lab.shading import disturb_somewhere, shade_somewhere, vary
from tests.unit.privacy_lab import made

STYLES: tuple[Style, ...] = ("solid", "blur", "mosaic")
SHIPPED = made.RECIPES / "people-present.yaml"


def clip(path: Path, count: int, seed: int) -> Path:
    """A clip of coloured noise that drifts, 96 × 72 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    place = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    large = cv2.resize(place, (96, 72), interpolation=cv2.INTER_CUBIC)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 72))
    for number in range(count):
        writer.write(np.roll(large, number, axis=1))
    writer.release()
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for seed, stem in enumerate(("one", "two", "three")):
        clip(folder / "videos" / "bgslibrary_traffic" / f"{stem}.avi", 8, seed)
    return folder


@pytest.fixture(scope="module")
def recipe() -> PictureRecipe:
    plain = read_any_recipe(SHIPPED)
    assert isinstance(plain, PictureRecipe)
    return msgspec.structs.replace(
        plain,
        name="tiny",
        input=InputSpec(24, 32, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        widths=(4, 6),
        every=2,
        views=32,
        train=("motorway",),
        held_out=("motorway/two",),
        training=msgspec.structs.replace(plain.training, epochs=1, batch=16),
        floor=0.0,
    )


def test_every_nth_frame_is_read_as_rgb(data: Path) -> None:
    found = find_clips(data, CLIP_SETS[-1])
    assert [path.stem for path in found] == ["one", "three", "two"]
    pictures = list(frames(found[0], 3))
    assert [picture.shape for picture in pictures] == [(72, 96, 3)] * 3


def test_what_is_no_clip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="--data"):
        find_clips(tmp_path, CLIP_SETS[0])
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"noise")
    with pytest.raises(BadData, match="no frame"):
        list(frames(broken, 1))


def test_photographs_come_with_a_package() -> None:
    assert all(picture.ndim == 3 and picture.shape[2] == 3 for picture in photographs())


def test_a_clip_that_is_held_out_trains_nothing(data: Path, recipe: PictureRecipe) -> None:
    places = read_places(recipe, data)
    assert len(places.train["motorway"]) == 8
    assert len(places.held_out["motorway/two"]) == 4
    seen = {picture.tobytes() for picture in places.train["motorway"]}
    assert not seen & {picture.tobytes() for picture in places.held_out["motorway/two"]}


@pytest.mark.parametrize("held_out", [("motorway/nowhere",), ("moon",)])
def test_a_clip_or_set_that_is_not_there_is_named(data: Path, recipe: PictureRecipe, held_out) -> None:
    changed = msgspec.structs.replace(recipe, held_out=held_out)
    with pytest.raises((BadData, BadRecipe), match=held_out[0]):
        read_places(changed, data)


def test_shading_changes_a_copy_in_few_places() -> None:
    picture = np.full((120, 160, 3), 200, np.uint8)
    other = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)
    for seed in range(30):
        shaded = shade_somewhere(picture, other, STYLES, np.random.default_rng(seed))
        changed = (shaded != picture).any(axis=2).mean()
        assert 0 < changed < 0.9
    assert (picture == 200).all()


def test_views_and_disturbances_depend_on_their_seed_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)

    def view(seed: int) -> bytes:
        random = np.random.default_rng(seed)
        return disturb_somewhere(vary(picture, random), random).tobytes()

    assert view(1) == view(1)
    assert view(1) != view(2)


def test_epochs_are_repeatable_and_differ_from_one_another(data: Path, recipe: PictureRecipe) -> None:
    examples = PictureExamples(read_places(recipe, data).train["motorway"], recipe)
    first, again, other = (list(examples.epoch(number)) for number in (0, 0, 1))
    assert len(first) == examples.steps == 2
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])
    assert [len(batch[1]) for batch in examples.validation()] == [16] * 16


def test_pairs_differ_by_the_shaded_region(data: Path, recipe: PictureRecipe) -> None:
    places = read_places(recipe, data).held_out["motorway/two"]
    for plain, shaded in censored_pairs(places, recipe.styles, 1):
        difference = decode_picture(plain, recipe.input).astype(int) - decode_picture(shaded, recipe.input)
        assert np.abs(difference).max() > 20


def test_a_tiny_recipe_becomes_a_bundle_of_pictures(
    tmp_path: Path, data: Path, recipe: PictureRecipe
) -> None:
    out = tmp_path / "tiny.zip"
    manifest = train_picture_bundle(recipe, data, out, checkpoint=None)
    assert load_manifest(out) == manifest
    assert manifest.kind == "picture"
    assert manifest.accuracy[0].n == 8
    assert any("analyzer.onnx runs" in check for check in verify_bundle(out))
    demanding = msgspec.structs.replace(recipe, floor=1.0)
    with pytest.raises(ExportFailed, match="floor"):
        measure_pictures(demanding, read_places(recipe, data), load_analyzer(out))


def test_a_recipe_of_pictures_is_not_one_of_embeddings() -> None:
    with pytest.raises(BadRecipe, match="picture"):
        read_recipe(SHIPPED)


def test_what_the_shipped_manifest_says_can_be_measured_again(data_dir: Path) -> None:
    recipe = read_any_recipe(SHIPPED)
    assert isinstance(recipe, PictureRecipe)
    path = find("people-present")
    only_measured = msgspec.structs.replace(recipe, train=())
    now = measure_pictures(recipe, read_places(only_measured, data_dir), load_analyzer(path))
    (then,) = load_manifest(path).accuracy
    assert now.n == then.n
    # Other processors, and other builds of the video decoder, may change a picture on the boundary.
    assert now.accuracy == pytest.approx(then.accuracy, abs=4.5 / then.n)
