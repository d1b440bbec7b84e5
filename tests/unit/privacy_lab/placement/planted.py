"""Maps that tell what a test wants them to: one is the picture in grey, the others are noise."""

from collections.abc import Iterator
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privacy_lab.placement.effort import Effort
from privacy_lab.placement.walks import Taken

SIDE = 16
TELLING = 2

TINY = Effort(
    auxiliary=64,
    aside=16,
    attacked=12,
    width=8,
    shared=256,
    tuned=64,
    inverse=256,
    inverse_rate=1e-2,
    subsets=2,
    spread=1,
    learning=1,
    every=False,
)


def pictures(n: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Grey blobs: a wave of another frequency and phase each."""
    random = np.random.default_rng(seed)
    rows = np.arange(SIDE)[None, :, None]
    columns = np.arange(SIDE)[None, None, :]
    phase, down, across = random.uniform(0.2, 1.2, (3, n, 1, 1))
    grey = 127 + 120 * np.sin(6 * phase + down * rows + across * columns)
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)


def maps_of(shown: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], maps: int = 4) -> Tensor:
    """The same picture has the same maps, whichever others are beside it."""
    seeds = [int(picture.astype(np.int64).sum()) for picture in shown]
    draws = [torch.Generator().manual_seed(seed) for seed in seeds]
    noise = torch.stack([torch.randn(maps, SIDE, SIDE, generator=draw) for draw in draws])
    noise[:, TELLING] = torch.from_numpy(shown[..., 0]).float() / 60
    return noise.half()


@final
class PlantedWalk:
    """Two layers: `conv2` takes maps of which one tells, `conv3` what a mean over places leaves of them."""

    key = "planted"
    layers = (("conv2", "shortcut"), ("conv3",))

    def take(self, shown: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Iterator[Taken]:
        maps = maps_of(shown)
        yield Taken(("conv2", "shortcut"), maps)
        yield Taken(("conv3",), functional.avg_pool2d(maps.float(), 4).half())
