"""`penumbra up` and `penumbra replay` with a bundle made for noise: what a frame costs, and the ledger."""

import json
import re
from pathlib import Path

import pytest

from models.manifest import RegionSpec
from tests.servers import require_program
from tests.system.command import ran
from tests.system.edge import picture
from tests.unit.models import made, noisy

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def servers() -> None:
    require_program("mosquitto")
    require_program("redis-server")


def pipeline(tmp_path: Path, camera: str, budget: str) -> Path:
    made.bundle(tmp_path / "tiny", region=RegionSpec("whole"), noise=noisy.L1)
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        f"private: {{cameras: {{{camera}}}}}\nedge: {{bundle: ./tiny, budget: {{{budget}}}}}\n",
    )
    return path


async def test_up_shows_what_a_frame_costs_and_what_was_spent(tmp_path: Path) -> None:
    camera = "demo: {source: 'demo:', size: 320x240, fps: 8}"
    path = pipeline(tmp_path, camera, "hour: 100000, repeat_unchanged: false")
    status, up = await ran(tmp_path, "up", "-c", path, "--seconds", "8")
    assert status == 0, up.err
    costs = "epsilon_joint 8 a frame, epsilon_per_coordinate 8"
    spent = r"spent [\d,]+ this minute, [\d,]+ of 100,000 this hour, [\d,]+ today"
    assert re.search(rf"demo: .* · {costs} · {spent}", up.out), up.out
    *_, summary = up.out.splitlines()
    found = re.search(r"answered (\d+) .* epsilon_joint ([\d,]+) in all", summary)
    assert found is not None, summary
    assert int(found[2].replace(",", "")) == 8 * int(found[1]) > 0


async def test_up_tells_a_spent_budget_from_a_bundle_that_is_refused(tmp_path: Path) -> None:
    camera = "demo: {source: 'demo:', size: 320x240, fps: 8}"
    path = pipeline(tmp_path, camera, "day: 16, repeat_unchanged: false")
    status, up = await ran(tmp_path, "up", "-c", path, "--seconds", "8")
    assert status == 0, up.err
    assert re.search(
        r"! Held back: demo: budget-spent until \S+ 00:00 UTC\. What is unchanged is still", up.out
    )
    assert re.search(r"held back \d+ \(budget-spent \d+\)", up.out.splitlines()[-1])
    assert "Choose another bundle" not in up.out


async def test_a_replay_reports_what_it_cost_and_the_ledger_and_the_next_one_goes_on_from_there(
    tmp_path: Path,
) -> None:
    pictures = tmp_path / "hall"
    pictures.mkdir()
    # Three scenes, each of them shown twice in a row.
    for number, level in enumerate((20, 20, 128, 128, 240, 240)):
        (pictures / f"{number}.jpg").write_bytes(picture(level))
    path = pipeline(tmp_path, "unused: {source: 'demo:'}", "day: 5000")
    for run in (1, 2):
        status, replay = await ran(tmp_path, "replay", pictures, "-c", path, "--json")
        assert status == 0, replay.err
        found = json.loads(replay.out)
        assert found["frames_processed"] == 6
        assert found["privacy"] == {
            "epsilon_per_coordinate": 8.0,
            "epsilon_joint": 24.0,
            "epsilon_joint_a_frame": {"mean": 4.0, "most": 8.0},
            "frames_repeated": 3,
        }
        day = found["ledger"]["hall"]["day"]
        assert (day["spent"], day["limit"]) == (24.0 * run, 5000.0)


async def test_a_budget_that_cannot_be_kept_starts_nothing(tmp_path: Path) -> None:
    path = pipeline(tmp_path, "demo: {source: 'demo:'}", "minute: 7")
    for words in (("up",), ("up", "--validate-config")):
        status, up = await ran(tmp_path, *words, "-c", path)
        assert status == 2
        assert up.out.strip() == ""
        assert "edge.budget.minute: 7 is too little: one region costs epsilon_joint 8" in up.err
