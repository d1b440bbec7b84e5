"""What an attacker makes of what he is told about the noise: B, ε, μ, and how many draws he averages."""

import math
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn

from models.pictures import normalise
from models.quantise import Floats
from privacy_lab.attacks.objective import Interval, Misfit, beyond, misfit
from privacy_lab.attacks.placing import device_of
from privacy_lab.attacks.victim import Pixels, Victim
from privacy_lab.noise.draws import Source
from privacy_lab.noise.mechanisms import Twin, nullified, twin_of

_AT_ONCE: Final = 128
# So many numbers are drawn one by one; the mean of more draws is as good as normal.
_MOST_DRAWN: Final = 4_000_000
_ENOUGH: Final = 64
# Where the misfit turns from quadratic to the law's own |e| / b, as a share of b: descent needs a slope at 0.
_ROUND: Final = 0.1
# A neighbour's difference in a natural picture has a variance of about 0.005 for values in [0, 1]; in units
# of likelihood total variation then counts a hundred times as much as in those of the codes' variance.
_LIKELIHOOD: Final = 100.0


@final
class _Held(nn.Module):
    """A front as the mechanism holds it: what is left of a picture on average, and what is bounded of it."""

    def __init__(self, front: nn.Module, twin: Twin, mu: float) -> None:
        super().__init__()
        self.front, self._twin, self._left = front, twin, 1.0 - mu

    def forward(self, x: Tensor) -> Tensor:
        # The mask is not known. Of normalised entries, which are zero in the mean, a share of 1 - μ is left.
        bounded: Tensor = self._twin.bounded(self.front(self._left * x).float())
        return bounded


def front_of(victim: Victim) -> nn.Module | None:
    """Give the extractor as a white-box attacker inverts it: with the bound, where he is told of one."""
    told = victim.told
    if victim.front is None or told is None or told.noise.mechanism == "response":
        return victim.front
    return _Held(victim.front, twin_of(told.noise, victim.output), told.noise.nullified)


def misfit_of(victim: Victim) -> tuple[Misfit, float | None, float]:
    """Give the misfit that the noise's law asks for, its unit, and how much total variation counts in it.

    A unit of None is the variance of the attacker's own codes.
    """
    told = victim.told
    if told is None or told.noise.mechanism == "response":
        return misfit, None, 1.0
    sigma = twin_of(told.noise, victim.output).sigma
    if told.noise.mechanism == "gaussian-l2" or told.draws > 1:
        return misfit, 2 * sigma**2 / told.draws, _LIKELIHOOD
    return _laplace_misfit(sigma / math.sqrt(2)), 1.0, _LIKELIHOOD


def _laplace_misfit(b: float) -> Misfit:
    round_off = _ROUND * b

    def measure(numbers: Tensor, seen: Interval) -> Tensor:
        e = beyond(numbers, seen).flatten(1)
        return (torch.sqrt(e.square() + round_off**2) - round_off).sum(dim=1) / b

    return measure


def mean_of_draws(twin: Twin, bounded: Tensor, draws: int, source: Source = None) -> Tensor:
    """Give the mean of independent releases of the same bounded numbers [n, *shape]."""
    if draws == 1:
        return twin.noisy(bounded, source)
    if bounded.numel() * draws > _MOST_DRAWN and twin.sigma:
        noise = torch.randn(bounded.shape, device=bounded.device, generator=source)
        return bounded + noise * (twin.sigma / math.sqrt(draws))
    # Where words are said, what so many say on average tells hardly less than what more do.
    draws = draws if twin.sigma else min(draws, _ENOUGH)
    total = torch.zeros_like(bounded)
    for _ in range(draws):
        total = total + twin.noisy(bounded, source)
    return total / draws


@torch.no_grad()
def clean_numbers(victim: Victim, front: nn.Module, regions: Pixels) -> Floats:
    """Give what the attacker's own regions become before noise, float32 [n, *shape]: he holds the front."""
    told = victim.told
    if told is None:
        raise ValueError("nothing was told about the noise")
    twin, device = twin_of(told.noise, victim.output), device_of(front)
    chunks = [np.zeros((0, *victim.output.shape), np.float32)]
    for start in range(0, len(regions), _AT_ONCE):
        x = torch.from_numpy(normalise(regions[start : start + _AT_ONCE], victim.input)).to(device)
        chunks.append(twin.bounded(front(nullified(x, told.noise.nullified)).float()).cpu().numpy())
    return np.concatenate(chunks)
