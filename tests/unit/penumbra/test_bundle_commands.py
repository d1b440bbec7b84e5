"""`penumbra bundle` and `penumbra lab` say what is so, and refuse in one line."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from models.bundle import load_analyzer, load_extractor
from models.errors import BundleError
from models.reading import load_manifest
from penumbra import bundle_commands, lab_commands, lab_needs
from privacy_lab.errors import BadRecipe, LabError
from tests.unit.models import made, noisy


def bundle(*words: str) -> Result:
    return CliRunner().invoke(bundle_commands.app, list(words), env={"COLUMNS": "120"})


def test_show_says_what_leaves_and_how_well_it_was_measured() -> None:
    result = bundle("show", "gender-ours")
    assert result.exit_code == 0
    manifest = load_manifest(bundle_commands.find("gender-ours"))
    assert manifest.bundle_id in result.output
    assert "8 × int8, 8 bytes a region" in result.output
    assert f"{100 * manifest.accuracy[0].accuracy:.1f} %" in result.output
    assert "non-commercial" in result.output


def test_show_prints_the_noise_and_both_guarantees_where_a_bundle_carries_it(tmp_path: Path) -> None:
    assert (
        "noise"
        not in bundle("show", str(made.bundle(tmp_path / "plain", name="quiet"))).output.split("data ")[0]
    )
    joint = bundle("show", str(made.bundle(tmp_path / "joint", noise=noisy.L2))).output
    assert "gaussian-l2, norm bounded to 3" in joint
    assert "epsilon_joint 8 at delta 1e-05, epsilon_per_coordinate 8" in joint
    published = bundle("show", str(made.bundle(tmp_path / "published", noise=noisy.PUBLISHED))).output
    assert "10 % of the input nullified" in published
    assert "epsilon_joint 8, epsilon_per_coordinate 2" in published
    assert (
        "response, 3 words" in bundle("show", str(made.bundle(tmp_path / "r", noise=noisy.RESPONSE))).output
    )


def test_verify_runs_a_bundle_that_was_made_for_noise(tmp_path: Path) -> None:
    result = bundle("verify", str(made.bundle(tmp_path / "tiny", noise=noisy.L1)))
    assert result.exit_code == 0
    assert "becomes 4 bytes" in result.output


def test_verify_names_each_check_and_only_reads(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny")
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    result = bundle("verify", str(path))
    assert result.exit_code == 0
    assert result.output.count("✓") == 5
    assert "sound" in result.output
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_verify_runs_what_is_there_of_a_half_and_of_a_bundle_of_pictures(tmp_path: Path) -> None:
    edge = bundle("split", str(made.bundle(tmp_path / "tiny")), "--out", str(tmp_path / "out"))
    assert edge.exit_code == 0
    half = bundle("verify", str(tmp_path / "out" / "tiny-analyzer.zip"))
    assert "analyzer.onnx runs" in half.output
    assert "extractor.onnx" not in half.output
    assert "analyzer.onnx runs" in bundle("verify", str(made.picture_bundle(tmp_path / "seen"))).output


def test_split_writes_two_halves_that_work_together(tmp_path: Path) -> None:
    result = bundle("split", "gender-ours", "--out", str(tmp_path))
    assert result.exit_code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["gender-ours-analyzer.zip", "gender-ours-extractor.zip"]
    assert all(name in result.output for name in names)
    extractor, analyzer = load_extractor(tmp_path / names[1]), load_analyzer(tmp_path / names[0])
    assert extractor.manifest.bundle_id == analyzer.manifest.bundle_id


def test_list_names_every_shipped_bundle() -> None:
    result = bundle("list")
    assert result.exit_code == 0
    assert all(name in result.output for name in bundle_commands.shipped())


@pytest.mark.parametrize("command", ["show", "verify", "split"])
def test_a_bundle_that_cannot_be_used_is_one_of_our_errors(tmp_path: Path, command: str) -> None:
    damaged = made.bundle(tmp_path / "tiny")
    (damaged / "analyzer.onnx").write_bytes(b"x")
    for word in ("no-such-bundle", str(tmp_path / "none.zip"), str(damaged)):
        result = bundle(command, word)
        if command == "show" and word == str(damaged):
            assert result.exit_code == 0  # what the manifest says can be read all the same
            continue
        assert isinstance(result.exception, BundleError)
        assert "\n" not in str(result.exception)


def test_an_unknown_recipe_is_answered_with_those_that_ship() -> None:
    with pytest.raises(BadRecipe, match="gender-ours"):
        lab_needs.find_recipe("nothing")


def test_the_lab_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lab_needs, "_NEEDED", ("torch_that_is_not_there",))
    result = CliRunner().invoke(lab_commands.app, ["train", "gender-ours", "--out", str(tmp_path / "b")])
    assert isinstance(result.exception, LabError)
    assert "pip install 'penumbra[lab]'" in str(result.exception)


def test_help_loads_neither_torch_nor_an_inference_library() -> None:
    code = (
        "import sys, privacy_lab, penumbra.bundle_commands, penumbra.lab_commands;"
        "print(sorted({'torch', 'onnx', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
