"""Late is not dead: what becomes of a layer whose helpers are slow, with a clock and helpers of our own."""

import asyncio

import numpy as np
import pytest

from feature_node.distributed.handout import Handout
from feature_node.distributed.roster import GONE, LATE
from feature_node.errors import HelperFailed, HelpersLate, NoPlacement

MAPS = 4
DEADLINE = 8.0


class Scene:
    """Helpers that answer when the test says so, and time that passes only where somebody waits in vain."""

    def __init__(self, *plans: dict[str, tuple[int, ...]] | None) -> None:
        self.now = 0.0
        self.plans = list(plans)
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.answers: dict[str, asyncio.Future[None]] = {}
        self.told: list[tuple[str, str]] = []
        self.sum = np.zeros(MAPS)
        self.at: dict[float, list[str]] = {}

    def holders(self, missing: frozenset[int]) -> dict[str, tuple[int, ...]]:
        plan = self.plans[min(len(self.plans) - 1, len({helper for helper, why in self.told if why}))]
        if plan is None:
            raise NoPlacement("nobody may")
        shares = {helper: tuple(n for n in numbers if n in missing) for helper, numbers in plan.items()}
        return {helper: numbers for helper, numbers in shares.items() if numbers}

    async def ask(self, helper: str, numbers: tuple[int, ...], seconds: float) -> tuple[np.ndarray, ...]:
        self.asked.append((helper, numbers))
        await self.answers.setdefault(helper, asyncio.get_running_loop().create_future())
        return (np.ones(len(numbers), np.float32),)

    def add(self, numbers: tuple[int, ...], parts: tuple[np.ndarray, ...]) -> None:
        self.sum[list(numbers)] += parts[0]

    def answer(self, helper: str) -> None:
        future = self.answers.setdefault(helper, asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(None)

    async def wait(self, tasks, *, timeout: float, return_when: str):
        end = self.now + timeout
        while True:
            for moment in sorted(moment for moment in self.at if moment <= self.now):
                for helper in self.at.pop(moment):
                    self.answer(helper)
            for _ in range(4):
                await asyncio.sleep(0)
            done = {task for task in tasks if task.done()}
            coming = [moment for moment in self.at if moment <= end]
            if done or not coming:
                self.now = self.now if done else end
                return done, set(tasks) - done
            self.now = min(coming)

    async def run(self) -> None:
        handout = Handout(
            "conv",
            self.holders,
            self.ask,
            self.add,
            lambda helper, why: self.told.append((helper, why)),
            clock=lambda: self.now,
            wait=self.wait,
        )
        await handout.run(MAPS, DEADLINE)


TWO = {"a": (0, 1), "b": (2, 3)}


async def test_where_nobody_may_stand_in_a_late_helper_is_waited_for() -> None:
    scene = Scene(TWO, None)
    scene.at = {0.0: ["b"], 0.9 * DEADLINE: ["a"]}
    await scene.run()
    assert scene.sum.tolist() == [1, 1, 1, 1]
    assert scene.told == [("b", ""), ("a", LATE), ("a", "")]
    assert scene.asked == [("a", (0, 1)), ("b", (2, 3))], "asked once: it has the work"


async def test_a_late_helper_that_is_still_the_holder_is_not_asked_twice() -> None:
    scene = Scene(TWO, TWO)
    scene.at = {0.0: ["b"], 0.9 * DEADLINE: ["a"]}
    await scene.run()
    assert scene.asked == [("a", (0, 1)), ("b", (2, 3))]


async def test_a_stand_in_is_quicker_and_what_comes_late_is_not_added() -> None:
    scene = Scene(TWO, {"c": (0,), "b": (1, 2, 3)})
    scene.at = {0.0: ["b"], 0.6 * DEADLINE: ["c"], 0.7 * DEADLINE: ["a"]}
    await scene.run()
    assert scene.sum.tolist() == [1, 1, 1, 1]


async def test_the_late_one_is_quicker_than_its_stand_in() -> None:
    scene = Scene(TWO, {"c": (0, 1), "b": (2, 3)})
    scene.at = {0.0: ["b"], 0.7 * DEADLINE: ["a"]}
    await scene.run()
    assert scene.sum.tolist() == [1, 1, 1, 1]
    assert ("c", (0, 1)) in scene.asked


async def test_a_part_of_what_somebody_stood_in_for_is_not_added_again() -> None:
    scene = Scene(TWO, {"c": (0,), "d": (1,), "b": (2, 3)})
    scene.at = {0.0: ["b"], 0.6 * DEADLINE: ["c"], 0.65 * DEADLINE: ["a"], 0.7 * DEADLINE: ["d"]}
    await scene.run()
    assert scene.sum.tolist() == [1, 1, 1, 1]


async def test_the_deadline_holds() -> None:
    scene = Scene(TWO)
    scene.at = {0.0: ["b"]}
    with pytest.raises(HelpersLate, match="2 maps of conv"):
        await scene.run()
    assert scene.now == pytest.approx(DEADLINE)
    assert all(future.cancelled() for helper, future in scene.answers.items() if helper == "a")


async def test_a_dead_helper_without_a_stand_in_ends_the_frame_at_once() -> None:
    scene = Scene(TWO, None)
    scene.answers["a"] = asyncio.get_running_loop().create_future()
    scene.answers["a"].set_exception(HelperFailed(GONE))
    scene.at = {0.0: ["b"]}
    with pytest.raises(NoPlacement):
        await scene.run()
    assert scene.now == 0
