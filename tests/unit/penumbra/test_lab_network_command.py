"""`penumbra lab network` shows where a network can be cut, and says what it was asked wrongly."""

import re
from pathlib import Path

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from penumbra import lab_commands
from privacy_lab.errors import BadRecipe, TorchMissing


def shown(*words: str) -> str:
    result = CliRunner().invoke(lab_commands.app, ["network", *words])
    if result.exception:
        raise result.exception
    return result.output


def row(output: str, name: str) -> list[str]:
    (found,) = [line.split() for line in output.splitlines() if line.strip().startswith(f"{name} ")]
    return found


def test_vgg_shows_its_published_size_and_where_it_may_be_cut() -> None:
    output = shown("vgg16")
    assert row(output, "whole") == ["whole", "138,357,544", "15,470.26", "M"]
    assert row(output, "conv5_3")[1:6] == ["512×14×14", "2,359,808", "10.6", "%", "462.42"]
    flowing = " ".join(output.split())
    assert "Down to pool5 the edge holds at most 50 % of the parameters" in flowing
    assert "down to conv4_1 it does at most 70 % of the multiply-adds" in flowing


def test_size_labels_and_width_are_the_users() -> None:
    output = shown("vgg16", "--input", "1x64x96", "--labels", "2", "--width", "0.125")
    assert row(output, "pool5")[1] == "64×2×3"
    assert row(output, "fc8")[1:3] == ["2", f"{512 * 2 + 2:,}"]


def test_a_recipe_shows_its_own_split_point() -> None:
    output = shown("gender-simple")
    assert len(re.findall(r"^ *\S+ ◂", output, re.MULTILINE)) == 1
    assert "◂ is the recipe's split point" in output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), r"nothing: no such recipe\. Shipped: .*gender-simple.*Networks: lenet, six-conv"),
        (("residual",), "residual: its widths stand in a recipe"),
        (("lenet", "--input", "3x32"), "--input 3x32: give channels x height x width"),
        (("lenet", "--input", "0x32x32"), "--input 0x32x32: give"),
        (("vgg16", "--input", "3x16x16"), "vgg16: pictures of 16 × 16 pixels are too small"),
        (("vgg16", "--width", "99"), "--width 99: Expected `float` <= 8"),
        (("people-present",), "kind: picture is not embedding"),
    ],
)
def test_what_cannot_be_shown_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadRecipe, match=said):
        shown(*words)


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penumbra.lab_needs._NEEDED", ("torch_that_is_not_there",))
    with pytest.raises(TorchMissing, match=r"penumbra\[lab\]"):
        shown("lenet")


def test_a_broken_recipe_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: embedding\n")
    with pytest.raises(BadRecipe, match=r"broken\.yaml"):
        shown(str(tmp_path / "broken.yaml"))
