"""`penumbra lab train` makes a bundle out of a recipe and a folder of data."""

import re
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")

from models.reading import load_manifest  # noqa: E402
from models.verify import verify_bundle  # noqa: E402
from penumbra import lab_commands  # noqa: E402
from privacy_lab.errors import BadData, BadRecipe, LabError  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_bytes(msgspec.yaml.encode(made.recipe(epochs=2)))
    return path


@pytest.fixture
def words(tmp_path: Path, recipe: Path) -> list[str]:
    """What is typed, up to the folder of checkpoints."""
    data, kept = made.data_folder(tmp_path / "data"), tmp_path / "kept"
    out = ["--out", str(tmp_path / "tiny.zip")]
    return ["train", str(recipe), "--data", str(data), *out, "--threads", "1", "--checkpoint", str(kept)]


def test_train_writes_a_bundle_shows_it_and_keeps_its_checkpoint_apart(
    tmp_path: Path, words: list[str]
) -> None:
    result = CliRunner().invoke(lab_commands.app, words)
    assert result.exit_code == 0, result.output
    assert list(verify_bundle(tmp_path / "tiny.zip"))
    assert load_manifest(tmp_path / "tiny.zip").bundle_id in result.output
    assert [file.suffix for file in (tmp_path / "kept").iterdir()] == [".safetensors"]
    assert re.search(r"took \d+ min \d+ s, at most .*[MG]B of memory", result.output)


def test_another_embedding_and_another_layer_may_be_asked_for(tmp_path: Path, words: list[str]) -> None:
    result = CliRunner().invoke(lab_commands.app, [*words, "--embedding", "ours", "--split", "stage1"])
    assert result.exit_code == 0, result.output
    manifest = load_manifest(tmp_path / "tiny.zip")
    assert (manifest.embedding, manifest.split, manifest.name) == ("ours", "stage1", "tiny-ours")


def test_a_layer_that_is_none_is_answered_with_those_there_are(words: list[str]) -> None:
    result = CliRunner().invoke(lab_commands.app, [*words, "--split", "conv5"])
    assert isinstance(result.exception, BadRecipe)
    assert "stem, stage1, stage2, stage3, pool" in str(result.exception)


def test_without_a_gpu_it_says_so_and_goes_on(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = CliRunner().invoke(lab_commands.app, words)
    assert result.exit_code == 0
    assert "no GPU: training on the CPU" in result.output


def test_a_gpu_that_is_asked_for_by_name_must_be_there(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = CliRunner().invoke(lab_commands.app, [*words, "--device", "cuda"])
    assert isinstance(result.exception, LabError)
    assert "--device auto" in str(result.exception)


def test_a_pictures_recipe_has_no_embedding(words: list[str]) -> None:
    result = CliRunner().invoke(lab_commands.app, ["train", "people-present", *words[2:], "--split", "stem"])
    assert isinstance(result.exception, BadRecipe)
    assert "people-present" in str(result.exception)


def test_data_that_is_not_there_is_named(tmp_path: Path, recipe: Path) -> None:
    words = ["train", str(recipe), "--data", str(tmp_path / "none"), "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(lab_commands.app, [*words, "--checkpoint", str(tmp_path)])
    assert isinstance(result.exception, BadData)
    assert "none" in str(result.exception)
