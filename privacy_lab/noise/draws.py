"""Random numbers by the laws of the run-time samplers, on the device that trains; never for a release."""

import math
from typing import Final

import torch
from torch import Tensor

Source = torch.Generator | None
"""Where random numbers come from; None: torch's own state."""

# Float32 tells no uniform number under this from zero, whose logarithm would be infinite.
_LEAST: Final = 2.0**-25


def laplace_like(x: Tensor, scale: float, source: Source) -> Tensor:
    """Give Lap(scale), of density e^(-|v| / scale) / (2 scale), float32 of x's shape.

    By inverse transform; tails end at about 17 scales, where float32 does.
    """
    u = uniform_like(x, source) - 0.5
    return -scale * u.sign() * torch.log((1 - 2 * u.abs()).clamp_min(_LEAST))


def laplace_steps_like(x: Tensor, scale: float, source: Source) -> Tensor:
    """Give whole numbers by P(k) ~ e^(-|k| / scale), float32 of x's shape.

    Inverse transform of the tail P(|k| >= m) = 2 e^(-m / scale) / (1 + e^(-1 / scale)) for m = 1, 2, ...
    """
    u = uniform_like(x, source).clamp_min(_LEAST)
    half = (1 + math.exp(-1 / scale)) / 2
    sizes = torch.floor(-scale * torch.log(u * half)).clamp_min(0.0)
    return torch.where(uniform_like(x, source) < 0.5, -sizes, sizes)


def gaussian_steps_like(x: Tensor, sigma: float, source: Source) -> Tensor:
    """Give N(0, sigma²) rounded to whole numbers, float32 of x's shape."""
    return torch.round(sigma * torch.randn(x.shape, device=x.device, generator=source))


def uniform_like(x: Tensor, source: Source) -> Tensor:
    """Give uniform numbers in [0, 1), float32 of x's shape."""
    return torch.rand(x.shape, device=x.device, generator=source)
