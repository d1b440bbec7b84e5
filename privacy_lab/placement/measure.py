"""The table of one network as a resumable job: each layer is attacked once and kept."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from privacy_lab.attacks.sight import Watch
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.found import Found, LayerFound, Units
from privacy_lab.placement.material import Pictures
from privacy_lab.placement.subsets import attack_counts, counts_of, floor_of, ground_of
from privacy_lab.placement.walks import Taken, Walk
from privacy_lab.recipe import digest_of

WatchLayers = Callable[[int, int, str], None]
"""Told how many layers are done, of how many, and what is done now."""

POWERS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Job:
    """What to measure, and how.

    Attributes:
        network: Its name.
        bundle: The id of the bundle it is of; empty where it is of none.
        accuracy: Share of the attacked pictures that it answers rightly; None where that was not asked.
        counts: Numbers of maps to attack; all maps of a layer are attacked always.
        effort: What may be spent.
        seed: Decides every random choice.
        folder: Where finished layers are kept.
        device: Where decoders learn.
        made_by: What measures.
    """

    network: str
    bundle: str
    accuracy: float | None
    counts: tuple[int, ...]
    effort: Effort
    seed: int
    folder: Path
    device: torch.device
    made_by: str


def measure(job: Job, walk: Walk, pictures: Pictures, watch: WatchLayers) -> Found:
    """Attack some of the maps of every layer of a network.

    Raises:
        BadData: the folder cannot be written.
    """
    layers = tuple(_layers(job, walk, pictures, watch))
    watch(len(walk.layers), len(walk.layers), "")
    return Found(
        network=job.network,
        bundle=job.bundle,
        data=_said(pictures, layers),
        accuracy=job.accuracy,
        layers=layers,
        made_by=job.made_by,
    )


def _layers(job: Job, walk: Walk, pictures: Pictures, watch: WatchLayers) -> Iterator[LayerFound]:
    units, of = Units(job.folder), len(walk.layers)
    keys = [_key(job, walk, pictures, layers) for layers in walk.layers]
    kept = [units.find(key) for key in keys]
    if all(kept):
        yield from (found for found in kept if found)
        return
    shown = np.concatenate([pictures.auxiliary.images, pictures.attacked.images])
    for number, taken in enumerate(walk.take(shown)):
        found = kept[number]
        if found is None:
            telling = _telling(watch, number, of, taken)
            found = _attack(job, keys[number], taken, pictures, telling)
            units.keep(found)
        watch(number + 1, of, taken.layers[0])
        yield found


def _attack(job: Job, key: str, taken: Taken, pictures: Pictures, watch: Watch) -> LayerFound:
    auxiliary, attacked = pictures.auxiliary.images, pictures.attacked.images
    aside = min(job.effort.aside, len(auxiliary) // 4)
    _, c, h, w = taken.maps.shape
    return LayerFound(
        key=key,
        layers=taken.layers,
        shape=(c, h, w),
        floor=floor_of(auxiliary, attacked),
        counts=attack_counts(
            ground_of(taken.maps, auxiliary, attacked, aside),
            counts_of(c, job.counts),
            job.effort,
            seed=job.seed,
            device=job.device,
            watch=watch,
        ),
    )


def _key(job: Job, walk: Walk, pictures: Pictures, layers: tuple[str, ...]) -> str:
    return digest_of(_VERSION, walk.key, pictures.key, layers, job.counts, asdict(job.effort), job.seed)


def _said(pictures: Pictures, layers: tuple[LayerFound, ...]) -> str:
    attacked, learnt = pictures.attacked, pictures.auxiliary
    floor = f"; their mean picture reaches {layers[0].floor.value:.3f}" if layers else ""
    text = f"{len(attacked)} of {pictures.called} at {attacked.images.shape[1]} pixels"
    return f"{text}, {len(learnt)} others learnt from{floor}"[:200]


def _telling(watch: WatchLayers, done: int, of: int, taken: Taken) -> Watch:
    c = taken.maps.shape[1]
    return lambda share: watch(done, of, f"{taken.layers[0]}, {c} maps ({100 * share:.0f} %)")
