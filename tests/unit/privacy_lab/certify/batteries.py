"""A battery's outcome as it would have been, with figures that a test decides."""

from typing import Any

import numpy as np

from models.certificate import Attack, Figure
from models.manifest import Manifest
from privacy_lab.battery.records import Battery, Fairness, Skipped
from privacy_lab.battery.run import Outcome
from tests.unit.privacy_lab.battery.made import CARD, SIDE
from tests.unit.privacy_lab.certify.facts import attack, figure

NOISE = (0.0, 0.5)


def ranking() -> Attack:
    found = attack(
        "rank-privacy", "identity", privacy=0.31, accuracy=0.97, privacy__0_5=0.32, accuracy__0_5=0.9
    )
    figures = {name.replace("0_5", "0.5"): value for name, value in found.figures.items()}
    settings = {"noise": list(NOISE), "variances": [0.0, 2.0]}
    return Attack(name=found.name, kind="identity", settings=settings, seeds=(0, 1, 2), figures=figures)


def battery(bundle: str, **changes: Any) -> Battery:
    plain: dict[str, Any] = {
        "bundle": bundle,
        "device": "cpu",
        "seeds": (0, 1, 2),
        "fairness": Fairness(200, 3, 100, 150, 120, 6),
        "data": (CARD,),
        "records": (
            attack("class-mean", "reconstruction", ssim=0.3, ssim_over_floor=0.0),
            attack("answer-alone", "reconstruction", ssim=0.31, ssim_over_floor=0.01),
            attack("decoder", "reconstruction", ssim=0.32, ssim_over_floor=0.02),
            ranking(),
        ),
        "skipped": (Skipped("log-rank", "needs 19 pictures of each", 6, 19),),
        "strongest": "decoder",
        "strongest_ssim": figure(0.32),
        "over_floor": figure(0.02, 0.005),
        "floor": figure(0.3),
        "answer_alone": figure(0.31),
        "accuracy": figure(0.97),
        "identity_rank1": figure(0.1),
        "identity_rank1_chance": Figure(0.08, 0.08, 0.08),
        "rank_privacy": figure(0.31),
        "rank_privacy_ceiling": Figure(0.33, 0.33, 0.33),
    }
    return Battery(**(plain | changes))


def outcome(manifest: Manifest, **changes: Any) -> Outcome:
    pictures = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    names = ("original", "class-mean", "answer-alone", "decoder", "rmle")
    samples = {name: np.roll(pictures, place, axis=2) for place, name in enumerate(names)}
    return Outcome(battery(manifest.bundle_id, **changes), samples)
