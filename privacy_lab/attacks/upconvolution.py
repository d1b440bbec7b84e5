"""A network of up-convolutions from codes to pictures (Dosovitskiy and Brox 2016, section 3)."""

import math
from itertools import pairwise
from typing import Final, NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn import functional

Grid = tuple[int, int]

# Leaky slope 0.2 as in the paper.
_SLOPE: Final = 0.2
_FEWEST: Final = 16
_MOST: Final = 256
_SMALLEST_SIDE: Final = 4
_FLAT: Final = 1024


class Width(NamedTuple):
    """How wide the network is.

    Attributes:
        channels_times_side: A grid of s × s places has about this over s channels, so that every layer of the
            way up costs the same.
        hidden: Between the two fully connected layers.
    """

    channels_times_side: int = 1024
    hidden: int = 512


FULL: Final = Width()
SMALL: Final = Width(256, 128)
"""A tenth of the weights: enough for codes of few numbers, and small enough to ship."""


@final
class UpConvolution(nn.Module):
    """Codes float32 [n, *shape] to pictures [n, 3, h, w], 0 for every code before it has learnt anything.

    Vectors, and maps of at most 1024 numbers, pass fully connected layers on to the coarsest grid. Larger
    maps keep their places: they enter the way up at their own resolution, by convolutions.
    """

    def __init__(self, shape: tuple[int, ...], height: int, width: int, wide: Width = FULL) -> None:
        super().__init__()
        grids = grids_of(height, width)
        flat = len(shape) < 3 or shape[0] * shape[1] * shape[2] <= _FLAT
        self.entry: nn.Module = (
            _Flat(shape, grids[-1], wide) if flat else _Map(shape, _entry(grids, shape), wide)
        )
        first = grids[-1] if flat else _entry(grids, shape)
        way = grids[grids.index(first) :: -1]
        layers: list[nn.Module] = []
        for here, above in pairwise(way[:-1]):
            layers += _up(channels(here, wide), channels(above, wide))
        before = channels(way[-2] if len(way) > 1 else way[0], wide)
        # The last doubling moves channels to places: at full resolution kernels would cost the most.
        last = nn.Conv2d(before, 12 if len(way) > 1 else 3, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias if last.bias is not None else torch.zeros(0))
        layers += [last, nn.PixelShuffle(2) if len(way) > 1 else nn.Identity()]
        self.way = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        """See the class."""
        result: Tensor = self.way(self.entry(codes))
        return result


@final
class _Flat(nn.Module):
    """[n, *shape] to [n, channels, *grid] by two fully connected layers."""

    def __init__(self, shape: tuple[int, ...], grid: Grid, wide: Width) -> None:
        super().__init__()
        numbers = int(torch.Size(shape).numel())
        places = (channels(grid, wide), *grid)
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(numbers, wide.hidden),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(wide.hidden, int(torch.Size(places).numel())),
            nn.LeakyReLU(_SLOPE),
            nn.Unflatten(1, places),
        )

    def forward(self, codes: Tensor) -> Tensor:
        result: Tensor = self.layers(codes)
        return result


@final
class _Map(nn.Module):
    """[n, c, h, w] to [n, channels, *grid]: brought to the grid, then three convolutions."""

    def __init__(self, shape: tuple[int, ...], grid: Grid, wide: Width) -> None:
        super().__init__()
        self._grid = grid
        own = channels(grid, wide)
        layers: list[nn.Module] = []
        for before in (shape[0], own, own):
            layers += [nn.Conv2d(before, own, 3, padding=1), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers)

    def forward(self, codes: Tensor) -> Tensor:
        same = tuple(codes.shape[-2:]) == self._grid
        result: Tensor = self.layers(codes if same else functional.interpolate(codes, self._grid))
        return result


def grids_of(height: int, width: int) -> tuple[Grid, ...]:
    """Give the grids from the picture's own down, each half of the one before, while both sides stay ≥ 4."""
    grids = [(height, width)]
    while min(grids[-1]) >= 2 * _SMALLEST_SIDE and grids[-1][0] % 2 == 0 and grids[-1][1] % 2 == 0:
        grids.append((grids[-1][0] // 2, grids[-1][1] // 2))
    return tuple(grids)


def channels(grid: Grid, wide: Width = FULL) -> int:
    """Give how many channels a grid has."""
    side = math.sqrt(grid[0] * grid[1])
    return max(_FEWEST, min(_MOST, round(wide.channels_times_side / side)))


def _entry(grids: tuple[Grid, ...], shape: tuple[int, ...]) -> Grid:
    fits = [grid for grid in grids if grid[0] >= shape[1] and grid[1] >= shape[2]]
    return fits[-1] if fits else grids[0]


def _up(before: int, after: int) -> list[nn.Module]:
    # Kernels of 4 at a stride of 2 cover every place equally often; the paper's 5 leave a chequered pattern.
    up = nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)
    return [up, nn.BatchNorm2d(after), nn.LeakyReLU(_SLOPE)]
