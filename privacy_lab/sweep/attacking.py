"""What attackers make of the releases of one point: as published, told of the noise, averaging, decoding."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from models.certificate import Figure
from models.manifest import InputSpec
from models.quantise import Floats
from privacy_lab.attacks.averaging import averaging
from privacy_lab.attacks.rmle import RmleSettings, rmle_attack
from privacy_lab.attacks.scores import Scores, score
from privacy_lab.attacks.sight import Images, Sight, Watch, as_images, within
from privacy_lab.attacks.victim import Victim
from privacy_lab.battery.statistics import figure_of
from privacy_lab.data.dataset import Regions
from privacy_lab.identity.ties import Doubles
from privacy_lab.noise.map_attack import decode
from privacy_lab.noise.map_decoder import MapDecoder
from privacy_lab.noise.victims import victim_under
from privacy_lab.sweep.material import Material
from privacy_lab.sweep.networks import UnderNoise
from privacy_lab.sweep.points import AVERAGED, DECODED, GREY_LEVELS, PUBLISHED, TOLD, Reconstruction
from privacy_lab.sweep.recipe import AttackBudget

SAMPLES: Final = 10

_TRIED: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The attacks of one point, and pictures to look at."""

    attacks: tuple[Reconstruction, ...]
    floor: Figure
    samples: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a point is attacked on: networks, pictures, and what the cloud answered of the tests."""

    under: UnderNoise
    material: Material
    size: InputSpec
    answers: np.ndarray[tuple[int], np.dtype[np.int64]]
    images: int
    seed: int
    device: torch.device


def attack(ground: Ground, budget: AttackBudget, decoder: MapDecoder, watch: Watch) -> Seen:
    """Attack the first `images` test pictures by every attack, and score what comes out."""
    attacked = ground.material.tests.take(np.arange(min(ground.images, len(ground.material.tests))))
    victim = victim_under(
        ground.under.front,
        ground.under.back,
        ground.under.around,
        ground.size,
        labels=ground.material.labels,
        seed=ground.seed,
    )
    observed, sigma = victim.release(attacked.images), ground.under.around.twin.sigma
    few = slice(0, min(budget.descended, len(attacked)))
    found: dict[str, tuple[int, Images]] = {DECODED: (1, decode(decoder, observed, sigma))}
    descents = _descents(victim, attacked.images[few], observed[few], budget)
    for number, (name, (draws, sighted, seen)) in enumerate(descents.items()):
        part = within(watch, number / len(descents), (number + 1) / len(descents))
        sight = Sight(sighted, ground.material.train, seen, ground.seed, ground.device, part)
        found[name] = (draws, rmle_attack(sight, _settings(budget)))
    return _scored(attacked, found, floor_of(ground.material, ground.answers[: len(attacked)]))


def floor_of(material: Material, answers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Images:
    """Give the mean training picture of each answered label, float32 [n, h, w, 3]."""
    train, rows = material.train, []
    for label in range(material.labels):
        # Label by label: as floats, all training pictures together would take a gigabyte.
        shown = train.images[train.labels == label]
        rows.append((shown if len(shown) else train.images).mean(axis=0) / 255)
    return np.stack(rows).astype(np.float32)[answers]


def _descents(
    victim: Victim,
    images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    seen: Floats,
    budget: AttackBudget,
) -> dict[str, tuple[int, Victim, Floats]]:
    """Give each descent's name with how many draws it sees, whom it attacks and what it sees of him."""
    often = averaging(victim, budget.draws)
    return {
        PUBLISHED: (1, replace(victim, told=None), seen),
        TOLD: (1, victim, seen),
        AVERAGED: (budget.draws, often, _mean(lambda: victim.release(images), budget.draws)),
    }


def _mean(draw: Callable[[], Floats], draws: int) -> Floats:
    total = draw()
    for _ in range(draws - 1):
        total = total + draw()
    return np.asarray(total / draws, np.float32)


def _settings(budget: AttackBudget) -> RmleSettings:
    return RmleSettings(iterations=budget.iterations, starts=1, tried=_TRIED)


def _scored(attacked: Regions, found: dict[str, tuple[int, Images]], floor: Images) -> Seen:
    truth, samples = as_images(attacked.images), {"original": attacked.images[:SAMPLES]}
    records = []
    for name, (draws, images) in found.items():
        records.append(record_of(name, draws, score(truth[: len(images)], images)))
        samples[name] = np.rint(255 * images[:SAMPLES]).astype(np.uint8)
    return Seen(tuple(records), _figure(score(truth, floor).ssim), samples)


def record_of(name: str, draws: int, scores: Scores) -> Reconstruction:
    """Give one attack's figures; errors in squared grey levels, each picture's ratio its own."""
    return Reconstruction(
        attack=name,
        pictures=len(scores.mse),
        draws=draws,
        mse=_figure(scores.mse * GREY_LEVELS),
        psnr=_figure(scores.psnr),
        ssim=_figure(scores.ssim),
    )


def _figure(values: Doubles) -> Figure:
    return figure_of(values[None])
