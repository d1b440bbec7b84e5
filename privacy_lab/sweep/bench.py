"""From a task to its point: networks trained under noise, answered, attacked, and written down."""

import time
from pathlib import Path
from typing import Final, Literal, final, get_args

import numpy as np
import torch

from models.certificate import Figure
from privacy_lab.battery.statistics import share_right
from privacy_lab.noise.released import right_of
from privacy_lab.recipe import digest_of
from privacy_lab.sweep.attacking import Ground, Seen, attack
from privacy_lab.sweep.decoders import Decoders, Share
from privacy_lab.sweep.material import Materials
from privacy_lab.sweep.networks import Networks, Tell, UnderNoise
from privacy_lab.sweep.plan import SweepPlan, Task
from privacy_lab.sweep.points import Made, Point
from privacy_lab.sweep.units import Units

Stage = Literal["front", "plain", "decoder"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

_Right = np.ndarray[tuple[int], np.dtype[np.bool_]]
_Answers = np.ndarray[tuple[int], np.dtype[np.int64]]


@final
class Bench:
    """Makes the points of one plan on one device; what is finished is kept, and shared stages with it.

    Attributes:
        units: The finished points.
    """

    def __init__(
        self,
        plan: SweepPlan,
        *,
        data: Path,
        folder: Path,
        device: torch.device,
        tell: Tell = lambda _what, _epochs, _progress: None,
    ) -> None:
        """Take the folder of the data sets and that of finished work."""
        self._plan, self._device, self._tell = plan, device, tell
        self._materials = Materials(plan.recipe, plan.limits, data, device)
        stages = folder / "stages"
        self._networks = Networks(
            plan.recipe, plan.limits, self._materials, folder=stages, device=device, tell=tell
        )
        self._decoders = Decoders(
            plan, self._materials, self._networks, folder=stages, device=device, tell=tell
        )
        self.units = Units(folder)

    def key(self, task: Task) -> str:
        """Give the digest of everything that decides a point."""
        limits = self._plan.limits
        size = (limits.tests, limits.runs, limits.attack, self._plan.images)
        return digest_of(self._networks.key(task), size)

    def shared(self, task: Task) -> dict[Stage, str]:
        """Give the digest of each stage that the task shares with others, in the order of making them."""
        front, plain = self._networks.shared_keys(task)
        stages: dict[Stage, str] = {"front": front} if front else {}
        stages["plain"] = plain
        if task.method == "arden" and self._plan.images:
            stages["decoder"] = self._networks.front_key(task)
        return stages

    def prepare(self, stage: Stage, task: Task) -> None:
        """Train one stage of those that `shared` names."""
        if stage == "front":
            self._networks.pretrain(task)
            return
        halves = self._networks.plain(task.data_set, task.case, task.seed, task.method)
        if stage == "decoder":
            around = self._networks.around(halves.front, task.data_set, task.epsilon)
            self._decoders.shared(task, halves.front, around)

    def make(self, task: Task) -> Point:
        """Give the task's point: as kept, or made now and kept."""
        key = self.key(task)
        kept = self.units.find(key)
        if kept is not None:
            return kept
        started = time.monotonic()
        under = self._networks.under_noise(task)
        runs = [self._answered(under, task, run) for run in range(self._plan.limits.runs)]
        seen = self._attacked(task, under, runs[0][1]) if self._plan.images else None
        right = np.stack([right for right, _ in runs])
        # Runs of the same pictures are no further pictures: the interval is that of one run.
        accuracy = share_right(round(float(right.mean(axis=0).sum())), right.shape[1])
        seconds = round(time.monotonic() - started, 1)
        point = self._point(task, key, under, accuracy=accuracy, seen=seen, seconds=seconds)
        self.units.keep(point, seen.samples if seen else {})
        return point

    def _point(
        self, task: Task, key: str, under: UnderNoise, *, accuracy: Figure, seen: Seen | None, seconds: float
    ) -> Point:
        noise, recipe, material = under.around.noise, self._plan.recipe, self._materials.of(task.data_set)
        numbers, limits = under.around.output.numbers, self._plan.limits
        return Point(
            key=key,
            task=task.data_set,
            method=task.method,
            case=task.case,
            layer=recipe.layer(task.case),
            seed=task.seed,
            numbers=numbers,
            bound=noise.bound,
            epsilon_per_coordinate=task.epsilon,
            epsilon_joint=numbers * task.epsilon,
            nullified=noise.nullified,
            accuracy=accuracy,
            baseline=self._baseline(task),
            tests=len(material.tests),
            runs=limits.runs,
            attacks=seen.attacks if seen else (),
            floor=seen.floor if seen else None,
            made=Made(
                budget=self._plan.budget,
                device=str(self._device),
                seconds=seconds,
                front=self._networks.front_name(task.data_set, task.method),
                trained_on=len(material.train),
                width=recipe.network.width * limits.width,
            ),
        )

    def _baseline(self, task: Task) -> Figure:
        plain = self._networks.plain(task.data_set, task.case, task.seed, task.method)
        tests = self._materials.batches(self._materials.of(task.data_set).tests, 1, 0)
        right, _ = right_of(plain.front, plain.back, None, tests)
        return share_right(int(right.sum()), len(right))

    def _answered(self, under: UnderNoise, task: Task, run: int) -> tuple[_Right, _Answers]:
        tests = self._materials.batches(self._materials.of(task.data_set).tests, 1, 0)
        return right_of(under.front, under.back, under.around, tests, seed=1000 * task.seed + run)

    def _attacked(self, task: Task, under: UnderNoise, answers: _Answers) -> Seen:
        ground = Ground(
            under=under,
            material=self._materials.of(task.data_set),
            size=self._plan.recipe.input,
            answers=answers,
            images=self._plan.images,
            seed=task.seed,
            device=self._device,
        )
        watch = Share(f"{task.title}, attack", self._tell)
        return attack(ground, self._plan.limits.attack, self._decoders.of(task, under), watch)
