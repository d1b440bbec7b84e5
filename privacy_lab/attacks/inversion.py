"""Descend from first guesses to pictures whose codes would have been the observed ones, many side by side.

Adam works on every value of every picture by itself, and the objective is a sum over pictures: in a batch of
any size each picture takes the very steps it would take alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import InputSpec, OutputSpec
from models.quantise import Floats
from privacy_lab.attacks.objective import (
    Box,
    Interval,
    Misfit,
    Weights,
    box_of,
    frozen,
    interval_of,
    misfit,
    objective,
    total_variation_gradient,
)
from privacy_lab.attacks.placing import placed
from privacy_lab.attacks.sight import Images, Watch, within
from privacy_lab.devices import Precision, half_precision

# He et al.'s released code: AMSGrad with this ε, so that vanishing gradients do not become full steps.
_EPSILON: Final = 1e-3
_LAST: Final = 0.02
# The share of the steps that ends in float32 where the others compute in bfloat16.
_EXACT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Descent:
    """How far and how fast to descend.

    Attributes:
        iterations: Steps a picture.
        rate: Learning rate of the first step, in units of normalised pictures; it falls as a cosine to 2 %.
        at_once: Pictures a batch: it decides speed and memory, not the result.
        precision: Of the front's products; the last twentieth of the steps is float32 always.
    """

    iterations: int
    rate: float
    at_once: int = 64
    precision: Precision = "bfloat16"


@final
class Inversion:
    """A front to invert and how far its numbers usually spread."""

    def __init__(
        self,
        front: nn.Module,
        size: InputSpec,
        output: OutputSpec,
        codes: Floats,
        device: torch.device,
        *,
        apart: Misfit = misfit,
        unit: float | None = None,
    ) -> None:
        """Prepare to invert what `front` gives.

        Args:
            front: Normalised pictures to numbers.
            size: What pictures look like.
            output: How numbers are stored.
            codes: Known codes [n, *shape].
            device: Where to compute.
            apart: How little numbers explain what was seen.
            unit: What that is divided by; None: the variance of the known codes.
        """
        self._front = placed(frozen(front), device)
        self._size, self._output, self._device = size, output, device
        spread = float(np.var(codes, axis=0).mean()) if len(codes) else 0.0
        self._apart, self._unit = apart, unit or (spread if spread > 0 else 1.0)
        box = box_of(size)
        self._box = Box(box.low.to(device), box.high.to(device), box.mean.to(device), box.std.to(device))

    def run(
        self, observed: Floats, starts: Images, by: Weights, descent: Descent, watch: Watch
    ) -> tuple[Images, Floats]:
        """Descend from each start, float32 [n, h, w, 3], and stay as near to it as `by.near` asks.

        Returns:
            The pictures, [n, h, w, 3] in [0, 1], and the objective that each reached, [n].
        """
        seen = interval_of(observed, self._output)
        pictures, reached = [], []
        parts = [slice(k, k + descent.at_once) for k in range(0, len(observed), descent.at_once)]
        for number, part in enumerate(parts):
            whole = within(watch, number / len(parts), (number + 1) / len(parts))
            near, far = seen.low[part].to(self._device), seen.high[part].to(self._device)
            u, j = self._descend(Interval(near, far), self._normalised(starts[part]), by, descent, whole)
            pictures.append(self._pictures(u))
            reached.append(j.cpu().numpy())
        shape = (0, self._size.height, self._size.width, 3)
        return (
            np.concatenate([np.zeros(shape, np.float32), *pictures]),
            np.concatenate([np.zeros(0, np.float32), *reached]),
        )

    def neutral(self, n: int) -> Images:
        """Give n pictures that are zero once normalised: where He et al. start."""
        mean = np.asarray(self._size.mean, np.float32)
        return np.broadcast_to(mean, (n, self._size.height, self._size.width, 3)).copy()

    def _descend(
        self, seen: Interval, start: Tensor, by: Weights, descent: Descent, watch: Watch
    ) -> tuple[Tensor, Tensor]:
        u = start.clone(memory_format=torch.channels_last).requires_grad_()
        adam = torch.optim.Adam([u], lr=descent.rate, eps=_EPSILON, amsgrad=True, fused=True)
        exact = descent.iterations - math.ceil(_EXACT * descent.iterations)
        for step in range(descent.iterations):
            adam.param_groups[0]["lr"] = descent.rate * _fall(step / descent.iterations)
            precision = descent.precision if step < exact else "float32"
            u.grad = self._gradient(u, seen, start, by, precision)
            adam.step()
            with torch.no_grad():
                torch.clamp(u, self._box.low, self._box.high, out=u)
            watch((step + 1) / descent.iterations)
        u = u.detach()
        with torch.no_grad():
            unexplained = self._apart(self._front(u).float(), seen) / self._unit
            j = objective(u, start, unexplained, box=self._box, by=by)
        return u, j

    def _gradient(
        self, u: Tensor, seen: Interval, start: Tensor, by: Weights, precision: Precision
    ) -> Tensor:
        """Give ∂ΣJ/∂u; only the front's part needs autograd."""
        with half_precision(self._device, precision):
            numbers = self._front(u)
        (gradient,) = torch.autograd.grad(self._apart(numbers.float(), seen).sum() / self._unit, u)
        # The fused optimizer reads memory in order: in another layout than u's it would take wrong steps.
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        here = u.detach()
        if by.smooth:
            gradient = gradient + by.smooth * total_variation_gradient(here, self._box.std)
        if by.near:
            gradient = gradient + (2 * by.near) * self._box.std.square() * (here - start)
        return gradient

    def _normalised(self, images: Images) -> Tensor:
        x = torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2)
        u = (x - self._box.mean) / self._box.std
        return u.contiguous(memory_format=torch.channels_last)

    def _pictures(self, u: Tensor) -> Images:
        x = (u * self._box.std + self._box.mean).clamp(0, 1).permute(0, 2, 3, 1).cpu()
        return np.ascontiguousarray(x.numpy(), np.float32)


def best_of(tries: Sequence[tuple[Images, Floats]]) -> Images:
    """Give for each picture the try that reached the lowest objective; he has no other yardstick."""
    reached = np.stack([j for _, j in tries])
    pictures = np.stack([images for images, _ in tries])
    return np.asarray(pictures[reached.argmin(axis=0), np.arange(reached.shape[1])])


def shorter(descent: Descent, share: float) -> Descent:
    """Give the same descent in fewer steps, for trying weights."""
    return replace(descent, iterations=max(1, round(share * descent.iterations)))


def _fall(done: float) -> float:
    return _LAST + (1 - _LAST) * 0.5 * (1 + math.cos(math.pi * done))
