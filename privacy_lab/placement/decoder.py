"""A network from some of a layer's feature maps to pictures, whichever of the maps those are."""

from collections.abc import Callable
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.noise.map_decoder import MapDecoder, MapStatistics

Draw = Callable[[int], Tensor]
"""From a number of pictures n to which maps are held of each: 0 or 1, [n, c] or [1, c]."""

_MOST: Final = 64
_TINY: Final = 1e-3


@final
class Seen:
    """Maps [n, c, h, w] as a network takes them: standardised, and nothing of those that are not held.

    What is left is scaled up as dropout does, so that few maps are as loud as many. `draw` says anew at each
    call which are held.
    """

    def __init__(self, maps: Tensor, draw: Draw) -> None:
        """Measure mean and spread of each map over the pictures learnt from, `maps` [n, c, h, w]."""
        few = maps[:512].float()
        self._mean = few.mean(dim=(0, 2, 3)).view(-1, 1, 1)
        spread = few.std(dim=(0, 2, 3), correction=0).view(-1, 1, 1)
        # A map that never lives would otherwise be noise, blown up.
        self._spread = spread.clamp_min(_TINY * float(spread.max()) + torch.finfo(torch.float32).tiny)
        self._draw = draw

    def drawing(self, draw: Draw) -> "Seen":
        """Give the same with other maps held."""
        other = object.__new__(Seen)
        other._mean, other._spread, other._draw = self._mean, self._spread, draw
        return other

    def __call__(self, maps: Tensor) -> Tensor:
        """Give float32 of the same shape."""
        held = self._draw(len(maps))
        loud = held / held.mean(dim=1, keepdim=True).sqrt()
        return (maps.float() - self._mean) / self._spread * loud[:, :, None, None]


@final
class SubsetDecoder(nn.Module):
    """Standardised maps [n, c, h, w], those not held 0, to pictures [n, 3, H, W], not yet clipped.

    A 1 × 1 convolution mixes the maps; a U-Net at half the picture's resolution sees them there: coarser maps
    are stretched, finer ones folded into channels. Before it has learnt anything it gives the mean picture.
    """

    def __init__(self, shape: tuple[int, ...], picture: Tensor, width: int) -> None:
        """Take the maps' shape (c, h, w) and the mean picture [3, H, W]."""
        super().__init__()
        c, h, w = shape
        _, height, across = picture.shape
        self._grid = ((height + 1) // 2, (across + 1) // 2)
        self._fine = h > self._grid[0] or w > self._grid[1]
        mixed = min(c, _MOST // 2 if self._fine else _MOST)
        self.mix = nn.Conv2d(c, mixed, 1)
        channels = 4 * mixed if self._fine else mixed
        self.core = MapDecoder(
            MapStatistics(torch.zeros(channels, 1, 1), torch.ones(channels, 1, 1), picture), width
        )

    def forward(self, maps: Tensor) -> Tensor:
        """See the class."""
        mixed = self.mix(maps)
        wanted = tuple((2 if self._fine else 1) * side for side in self._grid)
        if tuple(mixed.shape[2:]) != wanted:
            mixed = functional.interpolate(mixed, wanted, mode="bilinear", align_corners=False)
        if self._fine:
            mixed = functional.pixel_unshuffle(mixed, 2)
        pictures: Tensor = self.core(mixed, mixed.new_zeros(len(mixed)))
        return pictures


def any_of(counts: tuple[int, ...], maps: int, seed: int) -> Draw:
    """Draw as many maps as one of `counts` says, each count as often as the others, anew for each picture."""
    source = torch.Generator().manual_seed(seed)
    sizes = torch.tensor(counts)

    def draw(n: int) -> Tensor:
        size = sizes[torch.randint(len(sizes), (n, 1), generator=source)]
        ranks = torch.rand(n, maps, generator=source).argsort(dim=1).argsort(dim=1)
        return (ranks < size).float()

    return draw


def just(subset: tuple[int, ...], maps: int) -> Draw:
    """Hold the same maps always."""
    held = torch.zeros(1, maps)
    held[0, list(subset)] = 1.0
    return lambda _n: held
