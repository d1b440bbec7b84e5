"""Pictures on the device that trains, shown in views made there: a GPU does not wait for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from torch import Tensor

from models.manifest import InputSpec
from privacy_lab.data.dataset import Regions

_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class Views:
    """How training pictures are altered: mirrored half of the time, shifted, a square of them hidden."""

    flip: bool = False
    shift: int = 0
    cutout: int = 0


@final
class Batches:
    """Labelled pictures of one size, kept as bytes on the device and normalised batch by batch.

    Order and views depend on the seed and on the epoch's number alone.
    """

    def __init__(
        self, regions: Regions, size: InputSpec, *, views: Views, batch: int, seed: int, device: torch.device
    ) -> None:
        self._images = torch.from_numpy(np.ascontiguousarray(regions.images)).to(device).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(regions.labels).to(device)
        self._views, self._batch, self._seed, self._device = views, min(batch, len(regions)), seed, device
        mean, std = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (size.mean, size.std))
        self._mean, self._std = mean, std

    @property
    def steps(self) -> int:
        """How many batches one epoch has; what does not fill the last one is left for another epoch."""
        return len(self.labels) // self._batch

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Give the views of one epoch, normalised float32 [n, 3, h, w], with their labels [n]."""
        draw = torch.Generator().manual_seed(1_000_003 * self._seed + number)
        order = torch.randperm(len(self.labels), generator=draw)
        for step in range(self.steps):
            chosen = order[step * self._batch : (step + 1) * self._batch].to(self._device)
            yield self.normalised(self._seen(self._images[chosen], draw)), self.labels[chosen]

    def plain(self, most: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Give the pictures as at run time, in order; the first `most` of them, or all."""
        end = min(most or len(self.labels), len(self.labels))
        for start in range(0, end, _AT_ONCE):
            some = slice(start, min(start + _AT_ONCE, end))
            yield self.normalised(self._images[some]), self.labels[some]

    def normalised(self, images: Tensor) -> Tensor:
        """Turn bytes [n, 3, h, w] into (x / 255 - mean) / std."""
        x = (images.float() / 255 - self._mean) / self._std
        return x.contiguous(memory_format=torch.channels_last)

    def pictures(self, x: Tensor) -> Tensor:
        """Undo `normalised`: values in [0, 1], [n, 3, h, w]."""
        return x * self._std + self._mean

    def _seen(self, images: Tensor, draw: torch.Generator) -> Tensor:
        views, (n, _, height, width) = self._views, images.shape
        rows = _moved(n, height, views.shift, draw).to(self._device)  # [n, h]
        columns = _moved(n, width, views.shift, draw).to(self._device)  # [n, w]
        if views.flip:
            mirrored = (torch.rand(n, 1, generator=draw) < 0.5).to(self._device)
            columns = torch.where(mirrored, columns.flip(1), columns)
        seen = images.gather(2, rows[:, None, :, None].expand_as(images))
        seen = seen.gather(3, columns[:, None, None, :].expand_as(images))
        return seen if not views.cutout else self._hidden(seen, draw)

    def _hidden(self, images: Tensor, draw: torch.Generator) -> Tensor:
        """Hide a square of each picture (DeVries and Taylor 2017); part of it may lie outside."""
        n, _, height, width = images.shape
        down = _near(n, height, self._views.cutout, draw)[:, None, :, None]
        across = _near(n, width, self._views.cutout, draw)[:, None, None, :]
        return torch.where((down & across).to(self._device), 128, images)


def _moved(n: int, side: int, shift: int, draw: torch.Generator) -> Tensor:
    """Give the places [n, side] that a shifted picture shows; beyond its edge it is mirrored."""
    by = torch.randint(-shift, shift + 1, (n, 1), generator=draw)
    places = (torch.arange(side) + by).abs()
    return torch.where(places >= side, 2 * (side - 1) - places, places)


def _near(n: int, side: int, square: int, draw: torch.Generator) -> Tensor:
    first = torch.randint(0, side, (n, 1), generator=draw) - square // 2
    places = torch.arange(side)
    return (places >= first) & (places < first + square)
