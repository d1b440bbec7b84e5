"""What white-box inversion minimises: misfit to the payload, total variation, distance from a first guess.

He et al. 2019, equation 3 (regularised maximum likelihood). u is a picture normalised as the network takes
it, float32 [n, 3, h, w]; x = u std + mean is the same in [0, 1]. Every term is a sum over one picture, so
that the sum over a batch has for each picture the very gradient it would have alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import InputSpec, OutputSpec
from models.quantise import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """The numbers that would have been sent as what was observed: float32 [n, *shape] each, low to high."""

    low: Tensor
    high: Tensor

    def take(self, part: slice) -> "Interval":
        """Give those of some of the pictures."""
        return Interval(self.low[part], self.high[part])


Misfit = Callable[[Tensor, Interval], Tensor]
"""How little numbers [n, *shape] explain what was seen, one value a picture, [n]."""


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """The normalised pictures that are pictures: [1, 3, 1, 1] each; `std` undoes the scaling."""

    low: Tensor
    high: Tensor
    mean: Tensor
    std: Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """λ of the total variation and μ of the distance from the first guess; both in units of x."""

    smooth: float
    near: float = 0.0


def interval_of(observed: Floats, output: OutputSpec) -> Interval:
    """Undo clipping and storing: nothing is known within half a step of what was read, nor past the bound."""
    half = _half_a_step(observed, output)
    bound = np.float32(output.clip) - half
    low = np.where(observed - half <= -bound, -np.inf, observed - half)
    high = np.where(observed + half >= bound, np.inf, observed + half)
    return Interval(torch.from_numpy(low.astype(np.float32)), torch.from_numpy(high.astype(np.float32)))


def _half_a_step(observed: Floats, output: OutputSpec) -> Floats:
    if output.dtype == "float16":
        return np.asarray(np.abs(np.spacing(observed.astype(np.float16))) / 2, np.float32)
    return np.full_like(observed, output.scale / 2 if output.dtype == "int8" else 0.0)


def box_of(size: InputSpec) -> Box:
    """Give the bounds of normalised pictures."""
    mean, std = (
        torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1) for values in (size.mean, size.std)
    )
    return Box(-mean / std, (1 - mean) / std, mean, std)


def misfit(numbers: Tensor, seen: Interval) -> Tensor:
    """Give ‖e‖² a picture, [n], e being how far each number lies outside its interval."""
    return beyond(numbers, seen).flatten(1).square().sum(dim=1)


def beyond(numbers: Tensor, seen: Interval) -> Tensor:
    """Give how far each number lies outside its interval, of the numbers' shape."""
    return (seen.low - numbers).clamp(min=0) + (numbers - seen.high).clamp(min=0)


def total_variation(u: Tensor, std: Tensor) -> Tensor:
    """Give TV(x) a picture, [n]: the sum of squared differences of neighbours, down and across."""
    down, across = (u[:, :, 1:] - u[:, :, :-1]) * std, (u[..., 1:] - u[..., :-1]) * std
    return down.flatten(1).square().sum(dim=1) + across.flatten(1).square().sum(dim=1)


def total_variation_gradient(u: Tensor, std: Tensor) -> Tensor:
    """Give ∂TV/∂u, of u's shape: written out, it takes a third of the time that autograd needs."""
    gradient = torch.zeros_like(u)
    down, across = u[:, :, 1:] - u[:, :, :-1], u[..., 1:] - u[..., :-1]
    gradient[:, :, 1:] += down
    gradient[:, :, :-1] -= down
    gradient[..., 1:] += across
    gradient[..., :-1] -= across
    return gradient.mul_(2 * std * std)


def objective(u: Tensor, guess: Tensor, unexplained: Tensor, *, box: Box, by: Weights) -> Tensor:
    """Give J = unexplained + λ TV(x) + μ ‖x − guess‖² a picture, [n]; `guess` is normalised like u."""
    distance = ((u - guess) * box.std).flatten(1).square().sum(dim=1)
    return unexplained + by.smooth * total_variation(u, box.std) + by.near * distance


def frozen(front: nn.Module) -> nn.Module:
    """Give the front set to answer, its weights fixed: no gradient is computed for them."""
    return front.eval().requires_grad_(requires_grad=False)
