"""`penumbra bundle verify --data` and `penumbra lab certify` as their users meet them."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

pytest.importorskip("torch")

from models.errors import BundleError, UnsupportedBundle
from penumbra import bundle_commands, lab_commands, lab_needs
from penumbra.bundle_claims import show_verdicts
from privacy_lab.certify.claims import Verdict
from privacy_lab.errors import BadData, TorchMissing
from tests.unit.models import made

TABLE = {"COLUMNS": "160"}


def verify(*words: object) -> Result:
    return CliRunner().invoke(bundle_commands.app, ["verify", *map(str, words)], env=TABLE)


def pictures(folder: Path) -> Path:
    """Two people who look the same, so that an attacker has nobody else to learn from."""
    for person in ("a", "b"):
        (folder / "this" / person).mkdir(parents=True)
        cv2.imwrite(str(folder / "this" / person / "1.png"), np.full((8, 8, 3), 90, np.uint8))
    return folder


def test_a_claim_that_does_not_hold_is_an_exit_status_and_a_line(tmp_path: Path) -> None:
    bundle = made.certified(tmp_path / "tiny", payload_bytes=3)
    result = verify(bundle, "--data", pictures(tmp_path / "own"), "--folder", tmp_path / "kept")
    assert result.exit_code == 1, result.output
    assert re.search("✗ +bytes a region", result.output)
    assert "1 did not" in result.output
    assert "to learn from" in result.output, "why the attacks could not run"
    assert {file.name for file in bundle.iterdir()} == {*made.NAMES, "certificate.json"}, "only read"


def test_the_claims_are_told_one_a_line() -> None:
    console = Console(width=120, record=True, quiet=False)
    with console.capture() as shown:
        show_verdicts(
            (
                Verdict("one", "0.1", "0.2", holds=False),
                Verdict("two", "0.1", "0.1", holds=True, remark="on 9 pictures"),
                Verdict("three", "0.1", "", holds=None, remark="too few"),
            ),
            console,
        )
    lines = shown.get().splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["✗", "✓", "–"]
    assert "not checked" in lines[3]
    assert lines[-1] == "1 claim held here, 1 did not, 1 could not be checked."


def test_without_torch_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_needs, "_NEEDED", ("torch_that_is_not_there",))
    result = verify(made.certified(tmp_path / "tiny"), "--data", tmp_path)
    assert isinstance(result.exception, TorchMissing)
    assert verify(made.certified(tmp_path / "tiny")).exit_code == 0


def test_pictures_that_do_not_lie_as_they_should_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = verify(made.certified(tmp_path / "tiny"), "--data", empty)
    assert isinstance(result.exception, BadData)
    assert str(empty) in str(result.exception)
    assert isinstance(verify(made.bundle(tmp_path / "bare"), "--data", empty).exception, UnsupportedBundle)


def test_certify_refuses_half_a_bundle_before_it_attacks(tmp_path: Path) -> None:
    pictures(tmp_path / "own")
    (tmp_path / "own" / "this" / "c").mkdir()
    cv2.imwrite(str(tmp_path / "own" / "this" / "c" / "1.png"), np.full((8, 8, 3), 200, np.uint8))
    bundle = made.bundle(tmp_path / "tiny")
    (bundle / "analyzer.onnx").unlink()
    words = ["certify", str(bundle), "--data", str(tmp_path / "own"), "--folder", str(tmp_path / "kept")]
    result = CliRunner().invoke(lab_commands.app, words, env=TABLE)
    assert isinstance(result.exception, BundleError)
    assert "needs both halves" in str(result.exception)


def test_list_and_show_say_what_a_certificate_claims(tmp_path: Path) -> None:
    shown = CliRunner().invoke(bundle_commands.app, ["show", str(made.certified(tmp_path / "a"))], env=TABLE)
    assert "SSIM over the floor 0.020, rank-1 0.100, by chance 0.080" in shown.output
    shown = CliRunner().invoke(bundle_commands.app, ["show", str(made.bundle(tmp_path / "b"))], env=TABLE)
    assert "nobody has written down" in shown.output
    assert "rebuilt" in CliRunner().invoke(bundle_commands.app, ["list"], env=TABLE).output
