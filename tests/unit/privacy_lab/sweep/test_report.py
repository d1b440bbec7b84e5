"""The page, its numbers, plots and grids are those of the points, beside what was published."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.certificate import Figure
from privacy_lab.errors import BadData
from privacy_lab.sweep.points import Point, Still, StillSweep
from privacy_lab.sweep.published import published
from privacy_lab.sweep.units import Units
from privacy_lab.sweep.write import write_grids, write_report
from tests.unit.privacy_lab.sweep.written import point

CALLED = {"cifar10-jpeg": "CIFAR-10", "gtsrb10": "GTSRB", "mnist": "MNIST"}
SAMPLES = {
    name: np.full((6, 8, 8, 3), shade, np.uint8)
    for name, shade in (("original", 200), ("decoder", 90), ("algorithm-2", 30), ("told", 60))
}


def points() -> list[Point]:
    arden = [
        point(epsilon, accuracy, ssim, case=case)
        for case in (1, 2)
        for epsilon, accuracy, ssim in ((1, 0.2, 0.06), (200, 0.93, 0.31), (500, 0.94, 0.52))
    ]
    mine = [point(200, 0.95, 0.22, method="ours"), point(200, 0.97, None, task="mnist")]
    joint = [
        point(epsilon, 0.9, None, task="gender-ours", method=method, case=0, bundle="a" * 16)
        for epsilon in (1, 8)
        for method in ("laplace-l1", "gaussian-l2", "response", "label")
    ]  # fmt: skip
    noisy = point(8, 0.94, 0.11, task="signs-private", method="bundle", case=0, bundle="b" * 16)
    return [*arden, *mine, *joint, noisy]


def still() -> StillSweep:
    rows = [
        Still(frames=frames, memoised=memoised, draws=1 if memoised else frames, attack="rmle",
              ssim=Figure(value, value, value))
        for frames, fresh in ((1, 0.2), (100, 0.47))
        for memoised, value in ((False, fresh), (True, 0.205))
    ]  # fmt: skip
    return StillSweep(
        bundle="a" * 16,
        task="gender-private",
        epsilon_joint=4.0,
        pictures=64,
        sensor=2.0,
        unchanged_within=0.05,
        rows=tuple(rows),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    units = Units(tmp_path / "sweep")
    for found in points():
        units.keep(found, SAMPLES if found.attacks else {})
    units.keep_still(still())
    return tmp_path / "sweep"


def written(folder: Path, out: Path) -> str:
    files = write_report(folder, out, CALLED)
    assert all(path.is_file() for path in files)
    return (out / "differential-privacy.md").read_text()


def row(page: str, start: str) -> list[str]:
    (found,) = [line for line in page.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_ours_stand_beside_theirs(folder: Path, tmp_path: Path) -> None:
    page = written(folder, tmp_path / "out")
    case1 = page.split("GTSRB, case 1: cut behind `conv1`")[1].split("####")[0]
    cells = row(case1, "200")
    assert cells[:5] == ["200", "20,000", "91.1", "0.18", "4426"]
    arden, ours = cells[5:13], cells[13:]
    # Right, Alg. 2, told, decoder, ten draws, MSE, PSNR, floor.
    assert arden == ["93.0", "0.21", "0.26", "0.31", "0.41", "2760", "13.1", "0.05"]
    assert ours[:4] == ["95.0", "0.12", "0.17", "0.22"]
    baselines = page.split("their Table 2")[1].split("Where this")[0]
    assert "| GTSRB | 1 | 92.7 | 95.0 | 95.0 |" in baselines
    assert "| MNIST | 1 |  | 95.0 |  |" in baselines
    assert "front from mnist" in case1
    assert "budget brief (width 0.5, 100 training pictures) on cpu" in case1


def test_the_page_begins_with_what_came_out(folder: Path, tmp_path: Path) -> None:
    glance = written(folder, tmp_path / "out").split("## At a glance")[1].split("## Per coordinate")[0]
    assert (
        "| GTSRB | 1 | 91.1 %, SSIM 0.18 | 93.0 %, SSIM 0.31 (2.0 points lost) | 95.0 %, SSIM 0.22" in glance
    )
    # Attacks with ten draws see more than one release.
    assert row(glance, "`signs-private`")[1:] == ["8", "94.0", "1.0", "0.110", "0.050"]


def test_joint_guarantees_and_still_cameras_have_their_tables(folder: Path, tmp_path: Path) -> None:
    page = written(folder, tmp_path / "out")
    joint = page.split("### gender-ours")[1].split("## A still camera")[0]
    assert row(joint, "8") == ["8", "90.0", "90.0", "90.0", "90.0"]
    assert "δ of the Gaussian 1e-05" in joint
    cells = row(page.split("## A still camera")[1], "100")
    assert cells == ["100", "0.470 (rmle)", "0.205 (rmle)", "1"]


def test_the_page_says_which_commands_make_it_again(folder: Path, tmp_path: Path) -> None:
    page = written(folder, tmp_path / "out")
    said = page.split("```")[1]
    assert (
        "penumbra lab sweep --method arden --budget brief --seeds 1 --sets gtsrb10,mnist --cases 1,2" in said
    )
    assert "penumbra lab sweep --method ours --budget brief --seeds 1 --sets gtsrb10 --cases 1" in said
    assert "--method joint" in said
    # Nobody ships it: who would attack it trains it first.
    train = said.index("penumbra lab train signs-private --out signs-private\n")
    assert train < said.index("penumbra lab sweep --bundle signs-private --epsilons 8 --images 100\n")
    assert "--bundle gender-private --frames 1,100 --sensor 2" in said


def test_every_picture_that_the_page_names_is_there_and_no_other(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    page = written(folder, out)
    named = {line.split("(")[-1].rstrip(")") for line in page.splitlines() if line.startswith("![")}
    assert named == {path.name for path in out.iterdir() if path.suffix in {".svg", ".png"}}
    assert "privacy-gtsrb10-accuracy.svg" in named
    assert "privacy-gtsrb10-case1-attacks.svg" in named
    assert "privacy-joint.svg" in named
    assert not any(name.endswith(".png") for name in named)  # pictures of data sets stay where they are
    assert not any("mnist-case1" in name for name in named)  # nothing of it was attacked


def test_a_grid_has_a_row_a_sample_and_a_column_an_amount_the_original_last(
    folder: Path, tmp_path: Path
) -> None:
    paths = write_grids(folder, tmp_path / "out", CALLED)
    assert {path.name for path in paths} >= {"privacy-gtsrb10-case2-decoder.png"}
    grid = cv2.imread(str(tmp_path / "out" / "privacy-gtsrb10-case1-decoder.png"))
    assert grid is not None
    assert grid.shape[:2] == (2 * (5 * 10 - 2), 2 * (4 * 10 - 2))  # three amounts and the original
    assert int(grid[4, 4, 0]) == 90
    assert int(grid[4, -4, 0]) == 200


def test_the_numbers_are_there_for_programs_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        written(folder, tmp_path / name)
    one, two = ((tmp_path / name / "differential-privacy.json").read_bytes() for name in ("one", "two"))
    assert one == two
    found = json.loads(one)
    assert len(found["points"]) == len(points())
    assert found["stills"][0]["task"] == "gender-private"
    assert {p["epsilon_joint"] for p in found["points"] if p["task"] == "mnist"} == {20_000.0}


def test_an_empty_folder_and_a_damaged_file_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="holds no finished points"):
        write_report(tmp_path / "nothing", tmp_path / "out", CALLED)
    next((folder / "still").iterdir()).write_text("{")
    with pytest.raises(BadData, match="Delete it"):
        write_report(folder, tmp_path / "out", CALLED)


def test_the_published_tables_are_whole() -> None:
    tables = published()
    assert set(tables.sets) == {"CIFAR-10", "GTSRB", "STL-10", "SVHN"}
    for cases in tables.sets.values():
        assert len(cases) == 3
        for case in cases:
            for column in (case.accuracy, case.mse, case.ssim, case.psnr):
                assert len(column) == len(tables.epsilons) == 15
    assert tables.at("CIFAR-10", 1, 200) == {"accuracy": 75.905, "mse": 3302.37, "ssim": 0.19, "psnr": 27.89}
    assert tables.at("CIFAR-10", 1, 3) == {}
    assert tables.case("MNIST", 1) is None
    assert tables.case("GTSRB", 4) is None
