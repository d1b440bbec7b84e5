"""A front under noise as the lab trains and measures it: what a picture becomes, and how it is answered."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import NoiseSpec, OutputSpec
from privacy_lab.devices import Precision, half_precision
from privacy_lab.noise.batches import Batches
from privacy_lab.noise.draws import Source
from privacy_lab.noise.mechanisms import Twin, nullified, twin_of


@dataclass(frozen=True, slots=True, eq=False)
class Noisy:
    """A mechanism as it stands around a front: μ before it, bound and noise behind it."""

    noise: NoiseSpec
    output: OutputSpec
    twin: Twin

    def clean(self, front: nn.Module, x: Tensor, source: Source = None) -> Tensor:
        """Give what the front makes of nullified pictures [n, 3, h, w], bounded, before any noise."""
        return self.twin.bounded(front(nullified(x, self.noise.nullified, source)).float())

    def sent(self, front: nn.Module, x: Tensor, source: Source = None) -> Tensor:
        """Give what the cloud decodes of pictures [n, 3, h, w], drawn anew at each call."""
        return self.twin.noisy(self.clean(front, x, source), source)


def noisy(noise: NoiseSpec, output: OutputSpec) -> Noisy:
    """Put a mechanism around fronts that give `output.shape`."""
    return Noisy(noise, output, twin_of(noise, output))


@torch.no_grad()
def median_norm(front: nn.Module, batches: Batches, pictures: int) -> float:
    """Give B: the median ∞-norm of what the front makes of so many pictures (Ryu et al., section 3.1)."""
    front.eval()
    norms = [front(x).float().flatten(1).abs().amax(dim=1) for x, _ in batches.plain(pictures)]
    return float(torch.cat(norms).median())


def laplace_output(shape: tuple[int, ...], bound: float, epsilon_per_coordinate: float) -> OutputSpec:
    """Say how numbers under Lap(2B/ε) are stored: float32, clipped where one in 10^8 lies beyond."""
    clip = min(bound * (1 + 2 * 18.5 / epsilon_per_coordinate), 60000.0)
    return OutputSpec("float32", shape, clip=max(clip, bound), scale=1.0)


@torch.no_grad()
def right_of(
    front: nn.Module,
    back: nn.Module,
    around: Noisy | None,
    batches: Batches,
    *,
    most: int = 0,
    seed: int = 0,
    precision: Precision = "float32",
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Say of each of the first `most` pictures whether it is answered rightly, and what the answer is.

    Without `around` the front's numbers are answered as they are.
    """
    front.eval()
    back.eval()
    right, answers = [], []
    for number, (x, y) in enumerate(batches.plain(most)):
        source = torch.Generator(x.device).manual_seed(7919 * seed + number)
        with half_precision(x.device, precision):
            z = front(x) if around is None else around.sent(front, x, source)
            said = back(z).float().argmax(dim=1)
        right.append((said == y).cpu().numpy())
        answers.append(said.cpu().numpy())
    return np.concatenate(right), np.concatenate(answers)
