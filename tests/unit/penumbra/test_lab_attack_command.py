"""`penumbra lab attack` attacks a bundle on the pictures in a folder, and says what came of it."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from rich.console import Console
from typer.testing import CliRunner

from models.pictures import encode_picture
from penumbra import lab_commands
from privacy_lab.errors import BadRecipe, LabError

QUICK = ("--seeds", "2", "--threads", "1", "--device", "cpu")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Pictures of three people a label, each with a look of their own; one file is no picture."""
    random = np.random.default_rng(0)
    for label in ("man", "woman"):
        for person in range(3):
            folder = tmp_path / "own" / label / f"{label}{person}"
            folder.mkdir(parents=True)
            face = random.integers(0, 256, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
            for k in range(4):
                picture = np.clip(face + random.integers(-20, 21, face.shape), 0, 255).astype(np.uint8)
                (folder / f"{k}.jpg").write_bytes(encode_picture(picture, 95))
    (tmp_path / "own" / "man" / "man0" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "own"


def attacked(own: Path, *words: str) -> str:
    command = ["attack", "gender-ours", "--data", str(own), "--own", *QUICK, *words]
    result = CliRunner().invoke(lab_commands.app, [*command, "--folder", str(own.parent / "kept")])
    if result.exception:
        raise result.exception
    return result.output


def test_figures_are_shown_and_written(own: Path, tmp_path: Path) -> None:
    out = tmp_path / "to" / "figures.json"
    output = attacked(own, "--only", "retrieval", "--only", "log-rank", "--out", str(out))
    assert output.count("attacking on the CPU") == 1
    assert "rank-1 within one label" in output
    assert "1 file could not be read: man/man0/broken.jpg" in output
    assert "left out: log-rank: needs 2 identities with at least 19 pictures each; 0 of the 6" in " ".join(
        output.replace("log-rank: log-rank", "log-rank").split()
    )
    battery = json.loads(out.read_text())
    assert [record["name"] for record in battery["records"]] == ["retrieval-within-label", "retrieval-all"]
    assert battery["seeds"] == [0, 1]
    assert battery["identity_rank1_chance"]["value"] == pytest.approx(1 / 3)


def test_the_tables_show_each_attack_beside_its_reference_and_the_strongest_last(tmp_path: Path) -> None:
    from penumbra.lab_attack_command import show_battery  # noqa: PLC0415 - needs torch
    from privacy_lab.battery.run import run_battery  # noqa: PLC0415
    from tests.unit.privacy_lab.battery import made  # noqa: PLC0415

    plan = made.plan("rmle", "rank-privacy", seeds=(0, 1))
    battery = run_battery(made.brightness(), made.material(), plan, tmp_path).battery
    console = Console(record=True, width=100, file=io.StringIO())
    show_battery(battery, console)
    lines = console.export_text().splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["class-mean", "answer-alone", "rmle"]
    assert battery.strongest_ssim is not None
    assert any(
        line.startswith(f"strongest: rmle, SSIM {battery.strongest_ssim.value:.3f} (") for line in lines
    )
    assert any("rank privacy at 79 %" in line for line in lines)
    assert any(line.startswith("accuracy through the wire: ") for line in lines)


def test_an_attack_that_is_none_is_named_with_those_there_are(own: Path) -> None:
    with pytest.raises(LabError, match="guessing: no such attack"):
        attacked(own, "--only", "guessing")


def test_a_recipe_that_is_none_is_named(own: Path, tmp_path: Path) -> None:
    words = ["attack", "gender-ours", "--data", str(own), "--recipe", "none", *QUICK]
    result = CliRunner().invoke(lab_commands.app, words)
    assert isinstance(result.exception, BadRecipe)


def test_an_interruption_says_where_finished_work_is(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from privacy_lab.battery import run  # noqa: PLC0415 - needs torch

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "rank_attacks", interrupt)
    command = ["attack", "gender-ours", "--data", str(own), "--own", *QUICK, "--only", "rank-privacy"]
    result = CliRunner().invoke(lab_commands.app, [*command, "--folder", str(own.parent / "kept")])
    assert "the same command goes on from there" in result.output
    assert result.exit_code != 0
