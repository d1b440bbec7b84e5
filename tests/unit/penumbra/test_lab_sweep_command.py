"""`penumbra lab sweep` and `penumbra lab recommend`: what they make, say, and refuse."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from penumbra import lab_commands, lab_sweep_command
from penumbra.__main__ import report
from penumbra.errors import ConfigError, RunError
from penumbra.lab_sweep_command import numbers, texts, whole_numbers
from privacy_lab.errors import BadData, BadRecipe
from privacy_lab.sweep.units import Units
from tests.unit.models import made as bundles
from tests.unit.models import noisy
from tests.unit.privacy_lab.sweep import made
from tests.unit.privacy_lab.sweep.written import point


def run(*words: str) -> str:
    result = CliRunner().invoke(lab_commands.app, [*words])
    if result.exception:
        raise result.exception
    return " ".join(result.output.split())


@pytest.fixture
def swept(tmp_path: Path) -> Path:
    units = Units(tmp_path / "swept")
    for found in (
        point(20, 0.80, 0.05),
        point(100, 0.94, 0.15),
        point(500, 0.945, 0.40),
        point(100, 0.90, 0.15, case=2),
    ):
        units.keep(found, {})
    units.write_results()
    return tmp_path / "swept"


def test_a_sweep_is_made_shown_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_sweep_command, "read_recipe", lambda _: made.recipe())
    data, out = made.data_folder(tmp_path / "data"), tmp_path / "out"
    words = [
        "--data",
        str(data),
        "--out",
        str(out),
        "--sets",
        "gtsrb10",
        "--cases",
        "1",
        "--epsilons",
        "5,50",
    ]
    said = run("sweep", *words, "--images", "3", "--device", "cpu", "--threads", "1")
    assert "gtsrb10 case 1, arden" in said
    assert (out / "sweep.json").is_file()
    assert len(list((out / "points").glob("*.json"))) == 2
    page = run("sweep", "--out", str(out), "--report", str(tmp_path / "page"))
    assert "differential-privacy.md" in page
    assert "GTSRB, case 1" in (tmp_path / "page" / "differential-privacy.md").read_text()


def test_the_epsilon_to_use_is_named_with_both_guarantees_and_its_evidence(swept: Path) -> None:
    said = run("recommend", "gtsrb10", "--sweep", str(swept), "--case", "1")
    assert "use epsilon_per_coordinate 100 (epsilon_joint 10,000): 94.0 % answered rightly" in said
    assert "1.0 points lost, SSIM 0.150 (decoder)" in said
    assert said.count("epsilon_per_coordinate") >= 4


def test_where_nothing_fits_the_nearest_miss_is_said_and_the_command_fails(swept: Path) -> None:
    with pytest.raises(RunError, match=r"Nearest: epsilon_per_coordinate 100 .* loses 1\.0 points") as error:
        run("recommend", "gtsrb10", "--sweep", str(swept), "--max-loss", "0.7")
    assert report(error.value) == 1


def test_less_than_the_answer_alone_shows_is_said_to_be_out_of_reach(swept: Path) -> None:
    with pytest.raises(RunError, match=r"The answer alone allows 0\.050: ask for --over-floor"):
        run("recommend", "gtsrb10", "--sweep", str(swept), "--max-ssim", "0.04")
    assert "use epsilon_per_coordinate" in run(
        "recommend", "gtsrb10", "--sweep", str(swept), "--over-floor", "0.11"
    )


def test_a_bundle_that_was_not_swept_says_how_to(swept: Path, tmp_path: Path) -> None:
    bundle = bundles.bundle(tmp_path / "tiny", noise=noisy.L1)
    with pytest.raises(BadData, match=r"no such points.*--bundle adds a bundle's") as error:
        run("recommend", str(bundle), "--sweep", str(swept))
    assert report(error.value) == 2


def test_a_sweep_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"sweep\.json"):
        run("recommend", "gtsrb10", "--sweep", str(tmp_path))


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("--epsilons", "0"), BadRecipe, "epsilon 0: an amount of noise is above 0"),
        (("--epsilons", "-3"), BadRecipe, "epsilon -3"),
        (("--epsilons", "much"), ConfigError, "--epsilons: could not convert"),
        (("--cases", "0"), ConfigError, "--cases: 0 is no whole number from 1"),
        (("--cases", "9"), BadRecipe, "case 9: there are 1 to 3"),
        (("--sets", "faces"), BadRecipe, "set faces: there are"),
        (("--budget", "endless"), BadRecipe, "budget endless"),
        (("--frames", "1,10"), ConfigError, "--frames: .*--bundle"),
        (("nothing.yaml",), BadRecipe, r"nothing\.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_swept_is_said(
    tmp_path: Path, words: tuple[str, ...], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        run("sweep", "--out", str(tmp_path), "--data", str(tmp_path), "--device", "cpu", *words)


def test_words_are_taken_apart_at_commas_and_repeated() -> None:
    assert texts(["a, b", "c"]) == ("a", "b", "c")
    assert texts(None) == ()
    assert numbers("--x", ["0.1,2", "3e2"]) == (0.1, 2.0, 300.0)
    assert whole_numbers("--x", ["1,3"]) == (1, 3)
