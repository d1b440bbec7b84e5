"""A network from noisy feature maps to pictures: what they say of each place, seen at three resolutions.

Unlike the up-convolution of Dosovitskiy and Brox it first removes noise: a U-Net (Ronneberger et al. 2015)
that is told how strong the noise is, as denoisers are (Zhang et al. 2018, FFDNet).
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

_SLOPE = 0.1
_GROUP = 8


@dataclass(frozen=True, slots=True, eq=False)
class MapStatistics:
    """Mean and spread of each channel of clean maps, [c, 1, 1] each, and the mean picture, [3, H, W]."""

    mean: Tensor
    spread: Tensor
    picture: Tensor


@final
class MapDecoder(nn.Module):
    """Maps [n, c, h, w] and their noise's standard deviation [n] to pictures [n, 3, H, W], not yet clipped.

    Before it has learnt anything it gives the mean picture.
    """

    mean: Tensor
    spread: Tensor
    picture: Tensor

    def __init__(self, statistics: MapStatistics, width: int) -> None:
        super().__init__()
        for name in ("mean", "spread", "picture"):
            self.register_buffer(name, getattr(statistics, name).detach().clone())
        channels, wide = len(statistics.mean), max(_GROUP, width - width % _GROUP)
        # One channel more: how much of what is seen is noise.
        self.entry = _convolutions(channels + 1, wide)
        self.second = nn.Sequential(_halved(wide, 2 * wide), _convolutions(2 * wide, 2 * wide))
        self.third = nn.Sequential(_halved(2 * wide, 4 * wide), _convolutions(4 * wide, 4 * wide))
        self.from_third = nn.Conv2d(4 * wide, 2 * wide, 1)
        self.again = _convolutions(2 * wide, 2 * wide)
        self.from_second = nn.Conv2d(2 * wide, wide, 1)
        self.last = _convolutions(wide, wide)
        self.colours = nn.Conv2d(wide, 12, 3, padding=1)
        nn.init.zeros_(self.colours.weight)
        if self.colours.bias is not None:
            nn.init.zeros_(self.colours.bias)

    def forward(self, maps: Tensor, noise: Tensor) -> Tensor:
        """See the class."""
        sigma = noise.view(-1, 1, 1, 1)
        q = (maps - self.mean) / torch.sqrt(self.spread.square() + sigma.square())
        told = torch.log(sigma + 1e-3 * self.spread.mean()) - torch.log(self.spread.mean())
        near = self.entry(torch.cat([q, told.expand(-1, 1, *q.shape[2:])], dim=1))
        middle = self.second(near)
        far = self.third(middle)
        middle = self.again(middle + _doubled(self.from_third(far), middle))
        near = self.last(near + _doubled(self.from_second(middle), near))
        # Twice the maps' resolution, then brought to the picture's: maps may be as fine as it, or coarser.
        fine = functional.pixel_shuffle(self.colours(near), 2)
        return self.picture + functional.interpolate(fine, self.picture.shape[1:], mode="area")


def _convolutions(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for takes in (before, after):
        layers += [
            nn.Conv2d(takes, after, 3, padding=1, bias=False),
            nn.GroupNorm(after // _GROUP, after),
            nn.LeakyReLU(_SLOPE),
        ]
    return nn.Sequential(*layers)


def _halved(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 2, stride=2), nn.LeakyReLU(_SLOPE))


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, like.shape[2:], mode="nearest")
