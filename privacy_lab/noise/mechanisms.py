"""The run-time mechanisms in torch: the same bounds, the same laws, and gradients through all but the noise.

What a front learns to send, it must learn under what will be done to it. Bounds are differentiated as they
are; truncation, rounding and clipping for storage pass the gradient on as if they were not there (the
straight-through estimator, Bengio et al. 2013).
"""

import math
from typing import Final, Literal, Protocol, final

import torch
from torch import Tensor

from feature_node.release.calibration import gaussian_sigma, laplace_scale, lie
from models.manifest import NoiseSpec, OutputSpec
from privacy_lab.noise.draws import (
    Source,
    gaussian_steps_like,
    laplace_like,
    laplace_steps_like,
    uniform_like,
)

# What float arithmetic may leave over, or take from, a whole number of steps.
_ROUNDING: Final = 1e-9


class Twin(Protocol):
    """One mechanism: what bounds the numbers of a region, and what then happens to them.

    `sigma` is the standard deviation of what is added to one number; 0 where nothing is added.
    """

    @property
    def sigma(self) -> float:
        """See the class."""
        ...

    def bounded(self, x: Tensor) -> Tensor:
        """Give x [n, *shape] as it stands before noise; differentiable."""
        ...

    def noisy(self, bounded: Tensor, source: Source = None) -> Tensor:
        """Give what the cloud decodes of bounded numbers [n, *shape], drawn anew at each call."""
        ...


def twin_of(noise: NoiseSpec, output: OutputSpec) -> Twin:
    """Give the twin of the chain that `feature_node.release.chains.chain_of` gives for the same two."""
    match noise.mechanism:
        case "laplace":
            return LaplaceTwin(noise, output)
        case "laplace-l1":
            return JointTwin(noise, output, order=1)
        case "gaussian-l2":
            return JointTwin(noise, output, order=2)
        case "response":
            return ResponseTwin(noise, output)


@final
class LaplaceTwin:
    """Algorithm 1 of Ryu et al.: x / max(1, ‖x‖∞ / B), then Lap(2B/ε) on every coordinate."""

    def __init__(self, noise: NoiseSpec, output: OutputSpec) -> None:
        self._bound, self._output = _given(noise.bound), output
        self._scale = laplace_scale(2 * self._bound, _given(noise.epsilon_per_coordinate))
        self.sigma: Final = math.sqrt(2) * self._scale

    def bounded(self, x: Tensor) -> Tensor:
        """See `Twin`."""
        return within(x, self._bound, math.inf)

    def noisy(self, bounded: Tensor, source: Source = None) -> Tensor:
        """See `Twin`."""
        return stored(bounded + laplace_like(bounded, self._scale, source), self._output)


@final
class JointTwin:
    """Numbers bounded in L1 (or L2), cut off to the payload's grid, and whole steps of noise added."""

    def __init__(self, noise: NoiseSpec, output: OutputSpec, *, order: Literal[1, 2]) -> None:
        self._bound, self._output, self._order = _given(noise.bound), output, order
        epsilon = _given(noise.epsilon_joint)
        # Sums of whole steps to the power are whole: so is the most that they may be.
        most = math.floor((self._bound / output.scale) ** order * (1 + _ROUNDING))
        if order == 1:
            self._scale = laplace_scale(2 * most, epsilon)
        else:
            self._scale = gaussian_sigma(2 * math.sqrt(most), epsilon, _given(noise.delta))
        self.sigma: Final = output.scale * self._scale * (math.sqrt(2) if order == 1 else 1.0)

    def bounded(self, x: Tensor) -> Tensor:
        """See `Twin`."""
        short = within(x, self._bound, self._order)
        # Towards zero: no norm grows, so that the bound still holds on the grid.
        return _passed(short, torch.trunc(short / self._output.scale) * self._output.scale)

    def noisy(self, bounded: Tensor, source: Source = None) -> Tensor:
        """See `Twin`."""
        drawn = laplace_steps_like if self._order == 1 else gaussian_steps_like
        steps = drawn(bounded, self._scale, source)
        return stored(bounded + steps * self._output.scale, self._output)


@final
class ResponseTwin:
    """The nearest word of a codebook, kept with probability e^ε / (e^ε + K - 1), else one of the others."""

    def __init__(self, noise: NoiseSpec, output: OutputSpec) -> None:
        words = torch.tensor(noise.codebook, dtype=torch.float32) * output.scale
        self._words = words.reshape(-1, *output.shape)
        self._lies = lie(_given(noise.epsilon_joint), len(words))
        self.sigma: Final = 0.0

    def bounded(self, x: Tensor) -> Tensor:
        """See `Twin`; the gradient passes by the choice of the word."""
        return _passed(x, self._words.to(x.device)[self._nearest(x)])

    def noisy(self, bounded: Tensor, source: Source = None) -> Tensor:
        """See `Twin`."""
        true, count = self._nearest(bounded.detach()), len(self._words)
        row = bounded.detach().flatten(1)[:, 0]
        other = (uniform_like(row, source) * (count - 1)).long().clamp_max(count - 2)
        lied = uniform_like(row, source) < self._lies
        said = self._words.to(bounded.device)[torch.where(lied, other + (other >= true), true)]
        # Where another word is said, nothing that the front changes would change it.
        return torch.where(lied.reshape(-1, *[1] * (bounded.dim() - 1)), said, _passed(bounded, said))

    def _nearest(self, x: Tensor) -> Tensor:
        words = self._words.to(x.device).flatten(1)
        nearest: Tensor = torch.cdist(x.detach().flatten(1), words).argmin(dim=1)
        return nearest


def within(x: Tensor, bound: float, order: float) -> Tensor:
    """Give x / max(1, ‖x‖ / bound) for each row of [n, …], the norm being of this order; differentiable."""
    flat = x.flatten(1)
    norms: Tensor = torch.linalg.vector_norm(flat, ord=order, dim=1, keepdim=True)
    return (flat / (norms / bound).clamp_min(1.0)).reshape(x.shape)


def stored(x: Tensor, output: OutputSpec) -> Tensor:
    """Give numbers as they come back from a payload: clipped to ±clip, on the grid of the stored type."""
    with torch.no_grad():
        kept = x.clamp(-output.clip, output.clip)
        if output.dtype == "int8":
            kept = torch.round(kept / output.scale).clamp(-127, 127) * output.scale
        elif output.dtype == "float16":
            kept = kept.half().float()
    return _passed(x, kept)


def nullified(pictures: Tensor, mu: float, source: Source = None) -> Tensor:
    """Set ⌈N mu⌉ of the N entries of each normalised picture [n, 3, h, w] to zero, drawn for each anew.

    Source: ARDEN (Wang et al. 2018), x ⊙ I_n; its released code draws one mask an epoch, which hides nothing.
    """
    if not mu:
        return pictures
    n, entries = len(pictures), pictures[0].numel()
    ranks = torch.rand(n, entries, device=pictures.device, generator=source).argsort(dim=1)
    kept = torch.ones(n, entries, device=pictures.device)
    kept.scatter_(1, ranks[:, : math.ceil(entries * mu - _ROUNDING)], 0.0)
    return pictures * kept.reshape(pictures.shape)


def _passed(x: Tensor, value: Tensor) -> Tensor:
    return x + (value - x).detach()


def _given(value: float | None) -> float:
    if value is None:
        raise ValueError("the noise lacks an amount that its mechanism needs")
    return value
