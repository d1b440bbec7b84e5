"""Attack a bundle with everything there is, several times over, and say what came of it.

Whatever is finished is kept: a battery that was interrupted goes on where it stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import msgspec
import numpy as np

from models.certificate import Figure
from privacy_lab.attacks.sight import Sight
from privacy_lab.battery.ground import Ground, Target, survey
from privacy_lab.battery.people import (
    IDENTITY,
    IdentityAttack,
    from_arrays,
    gallery_attacks,
    identity_record,
    rank_attacks,
    to_arrays,
)
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.reconstruction import (
    FLOOR,
    RECONSTRUCTIONS,
    Bench,
    reconstruction_record,
    references_of,
    scored,
    settings_of,
    shown,
    strongest,
    strongest_answer_alone,
)
from privacy_lab.battery.records import AttackRecord, Battery, Samples, Skipped
from privacy_lab.battery.store import Arrays, Store
from privacy_lab.data.material import Material
from privacy_lab.errors import AttackImpossible, TooFewIdentities

WatchAll = Callable[[str, int, float], None]
"""Is told an attack's name, its seed, and the share of it that is done."""

_RANKS: Final = ("rank-privacy-79", "rank-privacy")
_GALLERY: Final = tuple(name for name in IDENTITY if not name.startswith("rank"))


def unseen(attack: str, seed: int, share: float) -> None:
    """Let the battery go on unseen."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A battery's figures, and pictures to look at."""

    battery: Battery
    samples: Samples


def run_battery(
    target: Target, material: Material, plan: Plan, folder: Path, watch: WatchAll = unseen
) -> Outcome:
    """Make every attack of the plan with every seed; what `folder` has of it already is not made again.

    Raises:
        SharedPictures: nothing is left to learn from, or to attack.
    """
    ground = survey(target, material, plan)
    run = _Run(target, ground, plan, Store(folder, ground.subject), watch)
    people = run.people()
    pictures, samples = run.pictures()
    battery = Battery(
        bundle=target.bundle,
        device=str(target.device),
        seeds=plan.seeds,
        fairness=ground.fairness,
        data=material.cards,
        records=(*pictures, *people),
        skipped=tuple(run.skipped),
        accuracy=ground.accuracy,
    )
    return Outcome(_with_headline(battery), samples)


@final
class _Run:
    """The attacks of one plan, one unit after the other."""

    def __init__(self, target: Target, ground: Ground, plan: Plan, store: Store, watch: WatchAll) -> None:
        self._target, self._ground, self._plan = target, ground, plan
        self._store, self._watch = store, watch
        self.skipped: list[Skipped] = []

    def people(self) -> list[AttackRecord]:
        """Make the identity attacks."""
        records = []
        for attack in self._identity_attacks():
            try:
                found = [from_arrays(self._person_unit(attack, seed)) for seed in self._plan.seeds]
            except TooFewIdentities as error:
                self.skipped.append(Skipped(attack.name, str(error), error.found, error.needed))
                continue
            records.append(identity_record(attack, self._plan.seeds, found))
        return records

    def pictures(self) -> tuple[list[AttackRecord], Samples]:
        """Make the reconstruction attacks and their references; also give pictures to look at."""
        wanted = [name for name in RECONSTRUCTIONS if self._plan.wants(name)]
        if not wanted:
            return [], {}
        found: dict[str, list[Arrays]] = {name: [] for name in (*references_of(wanted), *wanted)}
        for seed in self._plan.seeds:
            bench = self._bench(seed)
            for name in tuple(found):
                try:
                    found[name].append(self._picture_unit(bench, name, seed))
                except AttackImpossible as error:
                    self.skipped.append(Skipped(name, str(error)))
                    del found[name]
        records = [
            reconstruction_record(name, self._plan.settings, self._plan.seeds, arrays, found[FLOOR])
            for name, arrays in found.items()
        ]
        samples = {name: np.asarray(arrays[0]["samples"], np.uint8) for name, arrays in found.items()}
        images = self._ground.attacked.images
        return records, {"original": images[shown(len(images))]} | samples

    def _identity_attacks(self) -> list[IdentityAttack]:
        ground, attacks = self._ground, list[IdentityAttack]()
        if ground.everyone is not None and ground.within is not None:
            attacks += gallery_attacks(ground.everyone, ground.within, ground.spaces)
        else:
            reason = "no identity of any picture is known"
            self.skipped += [Skipped(name, reason, 0, 2) for name in _GALLERY if self._plan.wants(name)]
        attacks += rank_attacks(ground.records, self._target.victim.labels)
        return [attack for attack in attacks if self._plan.wants(attack.name)]

    def _person_unit(self, attack: IdentityAttack, seed: int) -> Arrays:
        self._watch(attack.name, seed, 0.0)
        arrays = self._store.fetch(attack.name, seed, attack.settings, lambda: to_arrays(attack.run(seed)))
        self._watch(attack.name, seed, 1.0)
        return arrays

    def _picture_unit(self, bench: Bench, name: str, seed: int) -> Arrays:
        images = self._ground.attacked.images
        settings = (settings_of(name, self._plan.settings), shown(len(images)))
        self._watch(name, seed, 0.0)
        arrays = self._store.fetch(name, seed, settings, lambda: scored(images, bench.make(name)))
        self._watch(name, seed, 1.0)
        return arrays

    def _bench(self, seed: int) -> Bench:
        victim, device, ground = self._target.victim, self._target.device, self._ground
        sight = Sight(victim, ground.auxiliary, ground.observed, seed, device)
        return Bench(sight, self._plan.settings, lambda name, share: self._watch(name, seed, share))


def _with_headline(battery: Battery) -> Battery:
    """Put the figures first that a certificate leads with."""
    best, told = strongest(battery.records), strongest_answer_alone(battery.records)
    gallery = "retrieval-within-label"
    # At the paper's balance where there is one: rank privacy of sets of other balances does not compare.
    rank = next((name for name in _RANKS if battery.record(name)), _RANKS[-1])
    return msgspec.structs.replace(
        battery,
        strongest=best.name if best else None,
        strongest_ssim=best.figures["ssim"] if best else None,
        over_floor=best.figures["ssim_over_floor"] if best else None,
        floor=_figure(battery, FLOOR, "ssim"),
        answer_alone=told.figures["ssim"] if told else None,
        identity_rank1=_figure(battery, gallery, "rank1"),
        identity_rank1_chance=_figure(battery, gallery, "rank1/chance"),
        rank_privacy=_figure(battery, rank, "privacy"),
        rank_privacy_ceiling=_figure(battery, rank, "ceiling"),
    )


def _figure(battery: Battery, record: str, figure: str) -> Figure | None:
    found = battery.record(record)
    return found.figures[figure] if found else None
