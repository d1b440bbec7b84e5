"""Defences of the code against each other: the same network, data and epochs, one defence at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch

from privacy_lab.attacks.victims import victim_of_halves
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.run import WatchAll, run_battery
from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.data.material import Material
from privacy_lab.data.regions import join
from privacy_lab.embeddings.parts import Part, train_regions, unseen_regions, validation_regions
from privacy_lab.embeddings.stages import Stages, WatchStage
from privacy_lab.recipe import DefenceWeights, Recipe
from privacy_lab.study.payloads import payloads_of
from privacy_lab.study.results import DefenceResult

DEFENCES: Final[dict[str, DefenceWeights]] = {
    "none": DefenceWeights(),
    "entropy bottleneck": DefenceWeights(rate=0.03, excess=0.2),
    "adversarial decoder": DefenceWeights(decoder=1.0),
    "identity adversary": DefenceWeights(identity=0.3),
    "distance correlation": DefenceWeights(distance=0.3),
}
"""What is compared, each at a weight that leaves the primary task its answers."""

_ATTACKS: Final = ("retrieval-within-label", "verification-within-label", "rank-privacy")
_SEEDS: Final = (0, 1, 2)


def compare_defences(
    recipe: Recipe,
    parts: Sequence[Part],
    folder: Path,
    *,
    device: torch.device,
    watch: WatchStage,
    attacked: WatchAll,
) -> Iterator[DefenceResult]:
    """Train our code under each defence and measure what its payloads tell; what `folder` has is kept."""
    known = join([train_regions(parts, recipe), validation_regions(parts, recipe)])
    unseen = unseen_regions(parts, recipe)
    gallery = unseen.take(np.flatnonzero(unseen.identities != UNKNOWN).astype(np.int64))
    cards = tuple(part.data.card for part in parts)
    material = Material(known, unseen, gallery if len(gallery) else None, cards)
    for name, weights in DEFENCES.items():
        meant = msgspec.structs.replace(recipe, ours=msgspec.structs.replace(recipe.ours, defences=weights))
        halves = Stages(meant, parts, folder=folder, device=device, watch=watch).halves("ours")
        victim = victim_of_halves(halves.front, halves.back, recipe.input, halves.output, len(recipe.labels))
        plan = Plan(seeds=_SEEDS, only=_ATTACKS)
        battery = run_battery(
            Target(f"defence-{name}", victim, device), material, plan, folder / "attacks", attacked
        ).battery
        learnt = battery.record("verification-within-label")
        yield DefenceResult(
            defence=name,
            weights=weights,
            accuracy=battery.accuracy,
            payloads=payloads_of(victim.release(unseen.images)),
            identity_rank1=battery.identity_rank1,
            identity_rank1_chance=battery.identity_rank1_chance,
            recogniser=learnt.figures.get("accuracy") if learnt else None,
            rank_privacy=battery.rank_privacy,
            rank_privacy_ceiling=battery.rank_privacy_ceiling,
        )
