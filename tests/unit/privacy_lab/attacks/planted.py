"""Victims whose privacy is known beforehand, and the made pictures that they see."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from models.manifest import InputSpec, OutputSpec
from privacy_lab.attacks.sight import Sight
from privacy_lab.attacks.victim import Victim
from privacy_lab.attacks.victims import victim_of_halves
from privacy_lab.data.dataset import UNKNOWN, Regions

SIDE = 16
SIZE = InputSpec(SIDE, SIDE, 3, (0.5, 0.45, 0.4), (0.25, 0.25, 0.3))
LEAKY = OutputSpec("float32", (3, SIDE, SIDE), 4.0, 1.0)
FEW = OutputSpec("int8", (4,), 4.0, 4.0 / 127)
CPU = torch.device("cpu")


def size_of(side: int) -> InputSpec:
    return InputSpec(side, side, 3, SIZE.mean, SIZE.std)


@final
class Constant(nn.Module):
    """Says the same of every picture, whatever it shows."""

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1)[:, :4] + torch.tensor([0.5, -1.0, 0.0, 2.0])


@final
class Label(nn.Module):
    """Logits by the mean brightness of a leaky code: the right answer for the made pictures."""

    def forward(self, z: Tensor) -> Tensor:
        bright = z.flatten(1).mean(dim=1, keepdim=True)
        return torch.cat([-bright, bright], dim=1)


def regions(n: int, seed: int, height: int = SIDE, width: int = SIDE) -> Regions:
    """Smooth pictures; those of label 1 are brighter, and each identity has two of them."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    waves = gaussian_filter(random.normal(size=(n, height, width, 3)), (0, 3, 3, 0), mode="nearest")
    waves = waves / waves.std(axis=(1, 2, 3), keepdims=True)
    bright = np.where(labels == 1, 165, 85)[:, None, None, None]
    images = np.clip(bright + 30 * waves, 0, 255).astype(np.uint8)
    return Regions(images, labels.astype(np.int64), np.full(n, UNKNOWN, np.int64))


def leaky() -> Victim:
    """An extractor that sends the picture itself."""
    return victim_of_halves(nn.Identity(), Label(), SIZE, LEAKY, 2)


def private() -> Victim:
    """An extractor that sends nothing about the picture."""
    return victim_of_halves(Constant(), None, SIZE, FEW, 2)


def convolutional(output: OutputSpec, seed: int = 0) -> Victim:
    """An extractor and an analyzer with weights as they are drawn: [n, 3, 16, 16] to output.shape."""
    torch.manual_seed(seed)
    front = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(4, 2, 3, padding=1)
    )
    back = nn.Sequential(nn.Flatten(), nn.Linear(output.numbers, 2))
    return victim_of_halves(front, back, SIZE, output, 2)


def sight(victim: Victim, auxiliary: Regions, attacked: Regions, seed: int = 0) -> Sight:
    return Sight(victim, auxiliary, victim.release(attacked.images), seed, CPU)


def wrapped_psnr(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """The published mistake: squared differences of bytes, all modulo 256."""
    difference = first - second
    return float(10 * np.log10(255**2 / (difference * difference).mean()))
