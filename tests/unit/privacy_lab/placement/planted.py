"""Maps that tell what a test wants them to: one is the picture in grey, the others are noise."""

import numpy as np
import torch
from torch import Tensor

from privacy_lab.placement.effort import Effort

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
    noise = torch.randn(len(shown), maps, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    noise[:, TELLING] = torch.from_numpy(shown[..., 0]).float() / 60
    return noise.half()
