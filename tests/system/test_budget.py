"""An edge with a small privacy budget, between two real brokers: it answers until that is spent."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from broker.status import BudgetWindow
from feature_node.budget.settings import BudgetSettings
from models.manifest import RegionSpec
from tests.servers import until
from tests.system.edge import WITHIN, World, picture, world
from tests.unit.feature_node.fakes import frame
from tests.unit.models import made, noisy

EPSILON = 8.0
"""What one region of the tiny bundle costs jointly."""


DAY_SECONDS = 86400
NEAR_MIDNIGHT = 60.0


@pytest.fixture(autouse=True)
async def one_day() -> None:
    """Let no test begin so late that its day's budget is renewed on the way."""
    began = time.time()
    if began % DAY_SECONDS > DAY_SECONDS - NEAR_MIDNIGHT:
        await until(lambda: time.time() // DAY_SECONDS > began // DAY_SECONDS, "midnight", NEAR_MIDNIGHT + 1)


def noised(tmp_path: Path, **budget: Any) -> dict[str, Any]:
    """Settings of an edge whose frames cost 8 each, of which a day takes three."""
    bundle = made.bundle(tmp_path / "tiny", region=RegionSpec("whole"), noise=noisy.L1)
    wanted = BudgetSettings(**{"day": 3 * EPSILON, "repeat_unchanged": False, **budget})
    return {"extractor": "bundle", "bundle": bundle, "budget": wanted}


async def answer(made_world: World, sequence: int, level: int = 128, **changes: Any) -> str:
    """Send a frame and give what became of it: its reason, or "" where it was answered."""
    await made_world.send(frame(sequence, jpeg=picture(level), **changes))
    await until(lambda: found(made_world, sequence) is not None, f"answer {sequence}", WITHIN)
    reason = found(made_world, sequence)
    assert reason is not None
    return reason


def found(made_world: World, sequence: int) -> str | None:
    return next((a.reason for a in made_world.answers if a.sequence == sequence), None)


def day(made_world: World) -> BudgetWindow | None:
    status = made_world.status
    return status.budget.get("yard", {}).get("day") if status is not None else None


async def test_it_answers_until_the_budget_is_spent_then_holds_back_and_says_so(tmp_path: Path) -> None:
    async with world(tmp_path, **noised(tmp_path)) as made_world:
        await made_world.state("online")
        reasons = [await answer(made_world, number) for number in range(5)]
        assert reasons == ["", "", "", "budget-spent", "budget-spent"]
        assert [a.protection.epsilon_joint for a in made_world.answers] == [8, 8, 8, None, None]
        await made_world.state("refusing")
        assert "yard: budget-spent until 2" in made_world.detail
        assert made_world.detail.endswith("00:00 UTC")
        await until(lambda: day(made_world) is not None, "the ledger in the status", WITHIN)
        spent = day(made_world)
        assert spent is not None
        assert (spent.spent, spent.limit) == (24, 24)
        metrics = await made_world.edge.metrics()
        assert metrics["penumbra_budget_spent", "yard", "day"] == 24
        assert metrics["penumbra_budget_limit", "day"] == 24
        assert metrics["penumbra_releases_total", "yard", "fresh"] == 3
        assert metrics["penumbra_epsilon_joint", "yard"] == 8
        assert metrics["penumbra_gate_refusals_total", "yard", "budget-spent"] == 2
        assert (await made_world.edge.readiness())["ready"], "another camera would be answered"
        await made_world.edge.stop()


async def test_neither_a_restart_nor_a_crash_gives_budget_back(tmp_path: Path) -> None:
    async with world(tmp_path, **noised(tmp_path)) as made_world:
        await made_world.state("online")
        assert await answer(made_world, 0) == ""
        await made_world.edge.stop()
        made_world.edge.start()
        await made_world.state("online")
        assert await answer(made_world, 1) == ""
        made_world.edge.kill()
        await made_world.state("offline")
        made_world.edge.start()
        await made_world.state("online")
        assert day(made_world) is not None, "it says from the start what was spent before"
        reasons = [await answer(made_world, number) for number in range(2, 4)]
        assert reasons[1] == "budget-spent"
        assert sum(a.outcome == "answered" for a in made_world.answers) <= 3
        await made_world.edge.stop()


async def test_each_camera_has_its_own_and_the_cloud_is_sent_nothing_of_the_ledger(tmp_path: Path) -> None:
    async with world(tmp_path, **noised(tmp_path, day=EPSILON)) as made_world:
        await made_world.state("online")
        assert await answer(made_world, 0) == ""
        assert await answer(made_world, 1) == "budget-spent"
        assert await answer(made_world, 2, camera="door") == ""
        await made_world.state("refusing")
        assert "yard" in made_world.detail
        assert "door" not in made_world.detail
        await made_world.edge.stop()
    ledger = json.loads((tmp_path / "key-edge.ledger.json").read_bytes())
    spent = {camera: account["day"]["millionths"] for camera, account in ledger["cameras"].items()}
    assert spent == {"yard": 8_000_000, "door": 8_000_000}, "an orderly end keeps what was really spent"


async def test_a_still_scene_is_answered_with_one_value_and_costs_once(tmp_path: Path) -> None:
    async with world(tmp_path, **noised(tmp_path, repeat_unchanged=True, day=2 * EPSILON)) as made_world:
        await made_world.state("online")
        for number in range(6):
            assert await answer(made_world, number) == ""
        assert [a.protection.epsilon_joint for a in made_world.answers] == [8, 0, 0, 0, 0, 0]
        assert await answer(made_world, 6, level=30) == ""
        assert await answer(made_world, 7, level=240) == "budget-spent"
        assert await answer(made_world, 8, level=30) == "", "what is unchanged is still answered"
        payloads = [features.regions for features in made_world.crossed]
        assert len(set(payloads[:6])) == 1
        assert payloads[6] == payloads[7] != payloads[0]
        metrics = await made_world.edge.metrics()
        assert metrics["penumbra_releases_total", "yard", "repeated"] == 6
        await made_world.edge.stop()


async def test_widening_answers_on_with_more_noise(tmp_path: Path) -> None:
    async with world(tmp_path, **noised(tmp_path, day=40.0, when_spent="widen")) as made_world:
        await made_world.state("online")
        assert {await answer(made_world, number) for number in range(10)} == {""}
        losses = [a.protection.epsilon_joint or 0 for a in made_world.answers]
        assert losses == sorted(losses, reverse=True)
        assert sum(losses) <= 40
        assert losses[0] <= 4
        await made_world.edge.stop()


@pytest.mark.parametrize(
    ("budget", "ledger", "says"),
    [
        ({"day": 24}, b'{"schema":1,"sha256', "the ledger is damaged"),
        ({"day": 24}, b'{"schema":9}', "schema 9, this version of penumbra reads 1"),
        ({"day": 4}, None, "edge.budget.day: 4 is too little"),
    ],
    ids=["damaged", "newer", "too-little"],
)
async def test_a_budget_that_cannot_be_kept_ends_it_before_a_frame_is_read(
    tmp_path: Path, budget: dict[str, Any], ledger: bytes | None, says: str
) -> None:
    if ledger is not None:
        file = tmp_path / "key-edge.ledger.json"
        file.touch(0o600)
        file.write_bytes(ledger)
    async with world(tmp_path, **noised(tmp_path, **budget)) as made_world:
        await made_world.send(frame(0))
        await until(lambda: not made_world.edge.running, "the edge has ended", WITHIN)
        await made_world.state("offline")
        assert says in made_world.detail
        assert says in made_world.edge.log().splitlines()[-1]
        assert made_world.answers == []
