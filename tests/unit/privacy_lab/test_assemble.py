"""A recipe and data become a bundle that answers as the trained network does, and says how well."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.bundle import load_analyzer, load_extractor  # noqa: E402
from models.catalogue import find  # noqa: E402
from models.manifest import OutputSpec  # noqa: E402
from models.pictures import normalise  # noqa: E402
from models.quantise import dequantise, quantise  # noqa: E402
from models.reading import load_manifest  # noqa: E402
from models.sessions import Session  # noqa: E402
from models.verify import verify_bundle  # noqa: E402
from privacy_lab.assemble import divide, measure_bundle, train_bundle  # noqa: E402
from privacy_lab.errors import BadRecipe, ExportFailed  # noqa: E402
from privacy_lab.evaluation import wilson  # noqa: E402
from privacy_lab.examples import FaceExamples, regions_of  # noqa: E402
from privacy_lab.export import export_half  # noqa: E402
from privacy_lab.networks.residual import build, split  # noqa: E402
from privacy_lab.recipe import read_recipe  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_folder(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_a_tiny_recipe_becomes_a_sound_bundle(tmp_path: Path, data: Path, dtype: str) -> None:
    recipe = msgspec.structs.replace(made.recipe(epochs=10), dtype=dtype)
    out = tmp_path / "tiny.zip"
    manifest = train_bundle(recipe, data, out, checkpoint=tmp_path / "run.safetensors")
    assert load_manifest(out) == manifest
    assert list(verify_bundle(out))
    assert [entry.accuracy > 0.8 for entry in manifest.accuracy] == [True, True]
    assert manifest.accuracy == measure_bundle(recipe, divide(recipe, data), out)
    assert "non-commercial" in manifest.provenance.terms
    assert sum(entry.held_out for entry in manifest.provenance.data) == sum(e.n for e in manifest.accuracy)


def test_a_bundle_that_does_not_beat_its_floor_is_not_written(tmp_path: Path, data: Path) -> None:
    recipe = msgspec.structs.replace(made.recipe(epochs=1), floors={"gender": 1.0})
    with pytest.raises(ExportFailed, match="floor"):
        train_bundle(recipe, data, tmp_path / "tiny", checkpoint=None)
    assert not (tmp_path / "tiny").exists()


def test_a_cut_that_is_none_fails_before_training(tmp_path: Path, data: Path) -> None:
    recipe = msgspec.structs.replace(made.recipe(), split="nowhere")
    with pytest.raises(BadRecipe, match="nowhere"):
        train_bundle(
            recipe, data, tmp_path / "tiny", checkpoint=None, watch=lambda _: pytest.fail("it trained")
        )


@pytest.mark.parametrize("dtype", ["int8", "float16", "float32"])
def test_the_wire_answers_as_torch_does(dtype: str) -> None:
    torch.manual_seed(2)
    recipe = made.recipe()
    network = build(recipe.network, 2).eval()
    front, back = split(network, recipe.split)
    code = (2, 2, 2)
    edge = Session(export_half(front, (3, 16, 16), code, "edge"), "edge", (3, 16, 16), code)
    cloud = Session(export_half(back, code, (2,), "cloud"), "cloud", code, (2,))
    output = OutputSpec(dtype, code, 4.0, 4.0 / 127 if dtype == "int8" else 1.0)
    pictures = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), np.uint8)
    numbers = normalise(pictures, recipe.input)
    answers = cloud.run(dequantise(quantise(edge.run(numbers), output), output))
    with torch.no_grad():
        expected = network(torch.from_numpy(numbers)).numpy()
    assert np.abs(answers - expected).max() < {"int8": 0.05, "float16": 0.005, "float32": 1e-4}[dtype]


def test_an_export_of_another_shape_than_said_is_refused() -> None:
    front, _ = split(build(made.recipe().network, 2).eval(), "squeeze")
    with pytest.raises(ExportFailed, match="not usable"):
        export_half(front, (3, 16, 16), (9, 9, 9), "edge")


def test_an_export_that_answers_otherwise_is_refused() -> None:
    class Fickle(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            # Traced once for a file, it adds what a file cannot: something else each time.
            return x + float(np.random.default_rng().uniform(1, 100))

    with pytest.raises(ExportFailed, match="differ"):
        export_half(Fickle(), (4,), (4,), "edge")


def test_an_epoch_is_the_same_each_time_and_another_is_not(data: Path) -> None:
    recipe = made.recipe()
    examples = FaceExamples(divide(recipe, data)[0].split, recipe)
    first, again, other = (list(examples.epoch(number)) for number in (0, 0, 1))
    assert all(
        np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0][0], other[0][0])
    assert len(first) == examples.steps


def test_wilson_against_known_values() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_what_the_shipped_manifest_says_can_be_measured_again(data_dir: Path) -> None:
    recipe = read_recipe(made.GENDER_SIMPLE)
    measured = measure_bundle(recipe, divide(recipe, data_dir), find("gender-simple"))
    promised = load_manifest(find("gender-simple")).accuracy
    # Other processors sum in another order: one face on the boundary may change sides.
    for now, then in zip(measured, promised, strict=True):
        assert (now.data, now.n, now.floor) == (then.data, then.n, then.floor)
        assert now.accuracy == pytest.approx(then.accuracy, abs=1.5 / then.n)


def test_a_batch_of_unseen_faces_is_answered_in_the_bundles_words(data_dir: Path) -> None:
    recipe, path = read_recipe(made.GENDER_SIMPLE), find("gender-simple")
    faces = divide(recipe, data_dir)[1].split.held_out[:8]
    extractor = load_extractor(path)
    payloads = extractor.extract(regions_of(faces, recipe.region, recipe.input))
    assert {len(payload) for payload in payloads} == {64}
    assert {label for label, _ in load_analyzer(path).analyze(payloads)} <= {"man", "woman"}
