"""Clips become pictures with and without shaded regions, and a bundle that tells them apart."""

from pathlib import Path
from typing import final

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

from feature_node.box import Box
from feature_node.extractor import Faces
from feature_node.extractor_shade import ShadeExtractor, ShadeOptions, censor, shade_profile
from feature_node.picture import decode
from feature_node.shading import shade
from feature_node.threads import Threads
from models.bundle import load_analyzer
from models.catalogue import find
from models.manifest import InputSpec
from models.reading import load_manifest
from models.verify import verify_bundle
from privacy_lab.assemble_picture import train_picture_bundle
from privacy_lab.clips import CLIP_SETS, find_clips, frames, photographs
from privacy_lab.errors import BadData, BadRecipe, ExportFailed
from privacy_lab.picture_examples import SHAPES, PictureExamples, any_options
from privacy_lab.picture_measure import STYLES, censored_pairs, measure_pictures, placed_pairs
from privacy_lab.places import Place, read_places, shading_detector
from privacy_lab.recipe import PictureRecipe, read_any_recipe, read_recipe
from privacy_lab.views import disturb_somewhere, put_somewhere, vary
from tests.unit.privacy_lab import made

FACE = Box(30, 20, 20, 26)
SHIPPED = made.RECIPES / "people-present.yaml"


@final
class OneFace:
    """A detector to whom the same face is everywhere, or nobody."""

    def __init__(self, *faces: Box) -> None:
        self._faces = faces

    def detect(self, picture: NDArray[np.uint8]) -> tuple[Box, ...]:
        assert picture.ndim == 3
        return self._faces


def noise(seed: int = 0, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


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
    places = read_places(recipe, data, OneFace())
    assert len(places.train["motorway"]) == 8
    assert len(places.held_out["motorway/two"]) == 4
    seen = {place.picture.tobytes() for place in places.train["motorway"]}
    assert not seen & {place.picture.tobytes() for place in places.held_out["motorway/two"]}


@pytest.mark.parametrize("held_out", [("motorway/nowhere",), ("moon",)])
def test_a_clip_or_set_that_is_not_there_is_named(data: Path, recipe: PictureRecipe, held_out) -> None:
    changed = msgspec.structs.replace(recipe, held_out=held_out)
    with pytest.raises((BadData, BadRecipe), match=held_out[0]):
        read_places(changed, data, OneFace())


def test_held_out_frames_keep_their_size_and_frames_to_learn_from_are_bounded(data: Path) -> None:
    (first, *_) = find_clips(data, CLIP_SETS[-1])
    assert next(frames(first, 1, 48)).shape == (36, 48, 3)
    assert next(frames(first, 1)).shape == (72, 96, 3)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", SHAPES)
async def test_the_lab_censors_as_the_edge_does(style, shape) -> None:
    options = ShadeOptions(style=style, shape=shape, dilate=0.4, quality=80)
    async with Threads(1) as threads:
        sent = await ShadeExtractor(shade_profile(), options, threads).extract(noise(), Faces((), (FACE,)))
    assert sent == censor(noise(), (FACE,), options)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_face_put_somewhere_changes_what_will_be_shaded_and_nothing_else(style, shape) -> None:
    other = Place(noise(1), (FACE,))
    for seed in range(20):
        options = ShadeOptions(style=style, shape=shape, dilate=0.3)
        put = put_somewhere(Place(noise()), other, options, np.random.default_rng(seed))
        assert 1 <= len(put.faces) <= 3
        boxes = censor(put.picture, put.faces, options).boxes
        black = shade(np.zeros_like(put.picture), boxes, "solid", shape)
        changed = (put.picture != noise()).any(axis=2)
        assert changed.any()
        assert not (changed & (black[:, :, 0] == 0)).any()


def test_views_and_disturbances_depend_on_their_seed_alone() -> None:
    def view(seed: int) -> bytes:
        random = np.random.default_rng(seed)
        return disturb_somewhere(vary(Place(noise()), random), random).picture.tobytes()

    assert view(1) == view(1)
    assert view(1) != view(2)


def test_a_view_takes_its_faces_along() -> None:
    dark = np.full((120, 160, 3), 250, np.uint8)
    dark[20:46, 30:50] = 0
    kept = 0
    for seed in range(40):
        view = vary(Place(dark, (FACE,)), np.random.default_rng(seed))
        for x, y, width, height, _ in view.faces:
            centre = view.picture[round(y + height / 2) - 1, round(x + width / 2) - 1]
            assert centre.max() < 60
            kept += 1
    assert kept > 10


def test_options_stay_within_what_an_edge_may_be_told() -> None:
    random = np.random.default_rng(0)
    chosen = [any_options(STYLES, random) for _ in range(100)]
    assert {(one.style, one.shape) for one in chosen} == {(a, b) for a in STYLES for b in SHAPES}
    assert all(0 <= one.dilate <= 4 and 1 <= one.quality <= 100 for one in chosen)


def test_epochs_are_repeatable_and_differ_from_one_another(data: Path, recipe: PictureRecipe) -> None:
    examples = PictureExamples(read_places(recipe, data, OneFace(FACE)).train["motorway"], recipe)
    first, again, other = (list(examples.epoch(number)) for number in (0, 0, 1))
    assert len(first) == examples.steps == 2
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])
    assert [len(batch[1]) for batch in examples.validation()] == [16] * 16


@pytest.mark.parametrize("style", STYLES)
def test_pairs_differ_by_the_shaded_face(data: Path, recipe: PictureRecipe, style) -> None:
    places = read_places(recipe, data, OneFace(FACE)).held_out["motorway/two"]
    for pairs in (censored_pairs(places, style, "box"), placed_pairs(places, recipe)):
        for plain, shaded in pairs:
            difference = decode(plain, 96, 72).astype(int) - decode(shaded, 96, 72)
            assert np.abs(difference).max() > 20


@pytest.mark.parametrize(("detector", "entries"), [(OneFace(), 1), (OneFace(FACE), 6)])
def test_a_tiny_recipe_becomes_a_bundle_of_pictures(
    tmp_path: Path, data: Path, recipe: PictureRecipe, detector: OneFace, entries: int
) -> None:
    out = tmp_path / "tiny.zip"
    manifest = train_picture_bundle(recipe, data, out, checkpoint=None, detector=detector)
    assert load_manifest(out) == manifest
    assert manifest.kind == "picture"
    assert [entry.n for entry in manifest.accuracy] == [8] * entries
    assert any("analyzer.onnx runs" in check for check in verify_bundle(out))
    demanding = msgspec.structs.replace(recipe, floor=1.0)
    with pytest.raises(ExportFailed, match="floor"):
        measure_pictures(demanding, read_places(recipe, data, detector), load_analyzer(out))


def test_a_style_that_is_not_learnt_is_measured_without_a_floor(
    tmp_path: Path, data: Path, recipe: PictureRecipe
) -> None:
    out, detector = tmp_path / "tiny.zip", OneFace(FACE)
    train_picture_bundle(recipe, data, out, checkpoint=None, detector=detector)
    solid = msgspec.structs.replace(recipe, styles=("solid",), floor=1.0)
    with pytest.raises(ExportFailed, match="style solid"):
        measure_pictures(solid, read_places(recipe, data, detector), load_analyzer(out))


def test_a_recipe_of_pictures_is_not_one_of_embeddings() -> None:
    with pytest.raises(BadRecipe, match="picture"):
        read_recipe(SHIPPED)


def test_what_the_shipped_manifest_says_can_be_measured_again(data_dir: Path) -> None:
    recipe = read_any_recipe(SHIPPED)
    assert isinstance(recipe, PictureRecipe)
    path = find("people-present")
    only_measured = msgspec.structs.replace(recipe, train=())
    places = read_places(only_measured, data_dir, shading_detector())
    now, then = measure_pictures(recipe, places, load_analyzer(path)), load_manifest(path).accuracy
    assert [(one.n, one.split) for one in now] == [(one.n, one.split) for one in then]
    # Other processors, and other builds of the video decoder, may change a picture on the boundary.
    for one, other in zip(now, then, strict=True):
        assert one.accuracy == pytest.approx(other.accuracy, abs=4.5 / other.n)
