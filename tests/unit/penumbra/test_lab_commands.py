"""`penumbra lab train` makes a bundle out of a recipe and a folder of data."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch")

from models.reading import load_manifest
from models.verify import verify_bundle
from penumbra import lab_commands
from privacy_lab.errors import BadData
from tests.unit.privacy_lab import made


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_bytes(msgspec.yaml.encode(made.recipe(epochs=2)))
    return path


def test_train_writes_a_bundle_shows_it_and_keeps_its_checkpoint_apart(tmp_path: Path, recipe: Path) -> None:
    data = made.data_folder(tmp_path / "data")
    out, kept = tmp_path / "tiny.zip", tmp_path / "kept"
    words = ["train", str(recipe), "--data", str(data), "--out", str(out), "--checkpoint", str(kept)]
    result = CliRunner().invoke(lab_commands.app, [*words, "--threads", "1"])
    assert result.exit_code == 0, result.output
    assert list(verify_bundle(out))
    assert load_manifest(out).bundle_id in result.output
    assert [file.suffix for file in kept.iterdir()] == [".safetensors"]


def test_data_that_is_not_there_is_named(tmp_path: Path, recipe: Path) -> None:
    words = ["train", str(recipe), "--data", str(tmp_path / "none"), "--out", str(tmp_path / "b")]
    result = CliRunner().invoke(lab_commands.app, [*words, "--checkpoint", str(tmp_path)])
    assert isinstance(result.exception, BadData)
    assert "--data" in str(result.exception)
