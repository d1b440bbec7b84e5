"""`penumbra lab data` shows the facts of a data set, and says in a line why it cannot."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from penumbra import lab_commands
from privacy_lab.errors import BadData
from tests.unit.privacy_lab.data import official


def shown(*words: str) -> str:
    result = CliRunner().invoke(lab_commands.app, ["data", *words])
    if result.exception:
        raise result.exception
    return " ".join(result.output.replace("│", " ").split())


def test_the_card_is_shown_with_what_could_not_be_read(tmp_path: Path) -> None:
    for name in ("blue [bold]", "red"):
        (tmp_path / name).mkdir()
        for k in range(2):
            (tmp_path / name / f"{k}.ppm").write_bytes(official.ppm(official.noise(8 + k, 9, 3, seed=k)))
    (tmp_path / "red" / "2.jpg").write_bytes(b"no picture")
    output = shown("classes", "--data", str(tmp_path))
    assert "pictures 4" in output
    assert "blue [bold]: 2, red: 2" in output
    assert "identities none known" in output
    assert "smallest 9 × 8 pixels" in output
    assert "largest 9 × 9 pixels" in output
    assert "1 file could not be read: red/2.jpg" in output


def test_only_the_first_unreadable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "red").mkdir()
    (tmp_path / "red" / "whole.ppm").write_bytes(official.ppm(official.noise(8, 9, 3)))
    for k in range(13):
        (tmp_path / "red" / f"{k:02d}.png").write_bytes(b"no picture")
    output = shown("classes", "--data", str(tmp_path))
    assert "13 files could not be read" in output
    assert "red/09.png and 3 more" in output
    assert "red/10.png" not in output


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(
        BadData, match=r"faces-of-mars: no such data set\. There are gender, facescrub, .*stl10"
    ):
        shown("faces-of-mars", "--data", str(tmp_path))


def test_a_set_that_is_not_there_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"faces/gender\.zip: no such file\. --data names the folder"):
        shown("gender", "--data", str(tmp_path))
