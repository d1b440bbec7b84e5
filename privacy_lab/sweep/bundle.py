"""Other amounts of noise for a bundle that has some: what a site would get that asks for them."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

import msgspec
import numpy as np
import torch

from feature_node.release.calibration import cost_of
from feature_node.release.samplers import SeededSamplers
from models.bundle import load_extractor
from models.certificate import Figure
from models.manifest import NoiseSpec
from models.quantise import Floats
from privacy_lab.attacks.sight import Watch
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.records import Battery
from privacy_lab.battery.run import run_battery
from privacy_lab.battery.statistics import share_right
from privacy_lab.data.material import Material
from privacy_lab.errors import BadData
from privacy_lab.recipe import digest_of
from privacy_lab.released import Edge
from privacy_lab.sweep.points import GREY_LEVELS, Made, Point, Reconstruction
from privacy_lab.sweep.units import Units

ATTACKS: Final = ("decoder", "rmle")
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class BundleTask:
    """One point to make: an amount of the kind that the bundle's mechanism takes."""

    epsilon: float
    seed: int


@final
class BundleBench:
    """Makes the points of one bundle under noise; what is finished is kept."""

    def __init__(
        self, bundle: Path, material: Material, *, folder: Path, images: int, device: torch.device
    ) -> None:
        """Take the bundle, pictures to attack with, and the folder of finished work.

        Raises:
            BundleError: the bundle cannot be read.
            BadData: it has no noise to try other amounts of.
        """
        self._extractor, self._path, self._material = load_extractor(bundle), bundle, material
        manifest = self._extractor.manifest
        if not manifest.noise:
            raise BadData(
                f"{bundle}: has no noise. Sweep it with --method joint, or train a recipe that has some"
            )
        self._manifest, self._noise, self._images, self._device = manifest, manifest.noise, images, device
        self._folder, self.units = folder, Units(folder)

    def key(self, task: BundleTask) -> str:
        """Give the digest of everything that decides a point."""
        cards = [card.sha256 for card in self._material.cards]
        return digest_of("bundle", self._manifest.bundle_id, cards, task.epsilon, task.seed, self._images)

    def make(self, task: BundleTask, watch: Watch) -> Point:
        """Give the task's point: as kept, or made now and kept."""
        key = self.key(task)
        kept = self.units.find(key)
        if kept is not None:
            return kept
        started = time.monotonic()
        noise, manifest = amount_of(self._noise, task.epsilon), self._manifest
        battery, samples = self._attacked(noise, task, watch)
        numbers = self._extractor.output.numbers
        cost, n = cost_of(noise, numbers), battery.fairness.answered
        point = Point(
            key=key,
            task=manifest.name,
            method="bundle",
            case=0,
            layer=manifest.split,
            seed=task.seed,
            bundle=manifest.bundle_id,
            numbers=numbers,
            bound=noise.bound,
            epsilon_per_coordinate=noise.epsilon_per_coordinate,
            epsilon_joint=cost.epsilon_joint or 0.0,
            delta=noise.delta,
            nullified=noise.nullified,
            accuracy=battery.accuracy or share_right(0, n),
            baseline=self._baseline(),
            tests=n,
            runs=1,
            attacks=tuple(_reconstructions(battery)),
            floor=battery.floor,
            made=Made(
                budget="bundle",
                device=str(self._device),
                seconds=round(time.monotonic() - started, 1),
                front="",
                trained_on=sum(source.trained_on for source in manifest.provenance.data),
                width=1.0,
            ),
        )
        self.units.keep(point, samples)
        return point

    def _attacked(
        self, noise: NoiseSpec, task: BundleTask, watch: Watch
    ) -> tuple[Battery, dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]"]]:
        # The same noise each time: a point that was cut short is taken up where it stopped.
        release = Edge(self._extractor, noise, SeededSamplers(task.seed))
        victim = replace(victim_of_bundle(self._path, noise=noise), release=release)
        plan = Plan(
            seeds=(task.seed,),
            only=ATTACKS if self._images else ("rank-privacy",),
            images=max(self._images, 1),
        )
        target = Target(f"{self._manifest.bundle_id}-{task.epsilon:g}", victim, self._device)
        outcome = run_battery(
            target, self._material, plan, self._folder / "attacks", lambda _a, _s, share: watch(share)
        )
        return outcome.battery, dict(outcome.samples)

    def _baseline(self) -> Figure:
        """Give the share answered rightly without noise; where words are sent, of the words themselves."""
        victim, regions = victim_of_bundle(self._path), self._material.attacked
        edge = Edge(self._extractor, _next_to_none(self._noise), SeededSamplers(0))
        if victim.analyze is None:
            raise BadData(f"{self._path}: has no analyzer.onnx, so nothing can be answered")
        right = 0
        for start in range(0, len(regions), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            said: Floats = victim.analyze(edge(regions.images[some]))
            right += int((said.argmax(axis=1) == regions.labels[some]).sum())
        return share_right(right, len(regions))


def amount_of(noise: NoiseSpec, epsilon: float) -> NoiseSpec:
    """Give the same noise with another amount, of the kind that its mechanism takes."""
    per_coordinate = noise.epsilon_per_coordinate is not None
    name = "epsilon_per_coordinate" if per_coordinate else "epsilon_joint"
    return msgspec.structs.replace(noise, **{name: epsilon})


def _next_to_none(noise: NoiseSpec) -> NoiseSpec:
    """Give the same bounds, or words, with no noise that anything stored would show."""
    return amount_of(noise, 1e6)


def _reconstructions(battery: Battery) -> list[Reconstruction]:
    return [
        Reconstruction(
            attack=record.name,
            pictures=battery.fairness.attacked,
            draws=1,
            mse=_scaled(record.figures["mse"], GREY_LEVELS),
            psnr=record.figures["psnr"],
            ssim=record.figures["ssim"],
        )
        for record in battery.records
        if record.name in ATTACKS
    ]


def _scaled(figure: Figure, by: float) -> Figure:
    return Figure(figure.value * by, figure.low * by, figure.high * by)
