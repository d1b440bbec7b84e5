"""The averaging attack on video: a still camera shows one picture often, each time under new noise.

What was drawn independently averages out as 1 / √T. What is memoised is one draw, however often it is sent.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch

from models.quantise import Floats
from privacy_lab.attacks.told import clean_numbers, mean_of_draws
from privacy_lab.attacks.victim import Pixels, Release, Victim
from privacy_lab.errors import AttackImpossible
from privacy_lab.noise.mechanisms import twin_of

FRAMES: Final = (1, 10, 100, 1000)
"""How many frames the attacker waits for."""

Send = Callable[[Pixels], Floats]
"""A frame's regions to what the cloud decodes of them: the edge, whose memory goes on from frame to frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What was seen of n still regions in some frames.

    Attributes:
        frames: How many.
        mean: The mean of each region's payloads, float32 [n, *shape].
        draws: Over how many independent draws that is, at the median.
    """

    frames: int
    mean: Floats
    draws: int


def still_frames(images: Pixels, frames: int, sensor: float, seed: int) -> Iterator[Pixels]:
    """Give the pictures [n, h, w, 3] as a camera shows them that does not move: with noise of its own.

    `sensor` is the standard deviation of that noise in grey levels. The first frame is the pictures' own.
    """
    random = np.random.default_rng([seed, 31])
    yield images
    for _ in range(frames - 1):
        shown = images + random.normal(0.0, sensor, images.shape)
        yield np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def watch_frames(
    send: Send, frames: Iterator[Pixels], at: Sequence[int], *, memoised: bool
) -> Iterator[Watched]:
    """Send frame after frame, and give what an attacker has after as many of them as `at` names, rising.

    He knows whether the edge memoises: then a payload that follows its like is no new draw.
    """
    tally: _Tally | None = None
    for number, regions in enumerate(frames, 1):
        payloads = send(regions)
        tally = tally or _Tally(payloads.shape)
        tally.add(payloads)
        if number in at:
            yield Watched(number, tally.mean(), tally.draws() if memoised else number)
        if number >= max(at):
            return


def averaging(victim: Victim, draws: int) -> Victim:
    """Give the victim to an attacker whose payloads are each the mean of `draws` releases.

    He is told so, and makes the payloads of his own regions alike: he holds the front and knows the noise.

    Raises:
        AttackImpossible: there is no noise, or the front is not known as a differentiable network.
    """
    if victim.told is None or victim.front is None:
        raise AttackImpossible("averaging: needs a release under noise, and its extractor as a network")
    told = replace(victim.told, draws=draws)
    alike = replace(victim, told=told)
    return replace(alike, release=_Averaged(alike))


@final
class _Averaged(Release):
    """The mean of several releases of each region; see `Release`."""

    def __init__(self, victim: Victim) -> None:
        self._victim = victim

    def __call__(self, regions: Pixels) -> Floats:
        victim = self._victim
        if victim.told is None or victim.front is None:
            raise AttackImpossible("averaging: nothing was told about the noise")
        clean = torch.from_numpy(clean_numbers(victim, victim.front, regions))
        mean = mean_of_draws(twin_of(victim.told.noise, victim.output), clean, victim.told.draws)
        return np.asarray(mean.numpy(), np.float32)


@final
class _Tally:
    """The sum of each region's payloads, and how often one differed from the one before."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sum = np.zeros(shape, np.float64)
        self._fresh = np.zeros(shape[0], np.int64)
        self._last = np.full(shape, np.nan, np.float32)
        self._frames = 0

    def add(self, payloads: Floats) -> None:
        other = (payloads != self._last).reshape(len(payloads), -1).any(axis=1)
        self._fresh += other
        self._sum += payloads
        self._last = payloads
        self._frames += 1

    def mean(self) -> Floats:
        return np.asarray(self._sum / self._frames, np.float32)

    def draws(self) -> int:
        return max(1, int(np.median(self._fresh)))
