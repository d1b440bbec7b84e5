"""Our code: a few numbers of a few steps each, learnt as they will be stored."""

from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import OutputSpec
from privacy_lab.embeddings.pca import Pca
from privacy_lab.recipe import CodeSpec


@final
class Squeeze(nn.Module):
    """Activations [n, *shape] to numbers [n, k] of mean 0 and variance 1, at first the k main components."""

    def __init__(self, pca: Pca) -> None:
        super().__init__()
        k, d = pca.w.shape
        self.linear = nn.Linear(d, k)
        # Without a scale of its own no number can drift off to where its step never changes.
        self.norm = nn.BatchNorm1d(k, affine=False)
        self.linear.weight.data = torch.from_numpy(pca.w.copy()).float()
        self.linear.bias.data = torch.from_numpy(-pca.w @ pca.mu).float()

    def forward(self, x: Tensor) -> Tensor:
        """Give the numbers before they are bounded and stored."""
        numbers: Tensor = self.norm(self.linear(x.flatten(1)))
        return numbers

    def folded(self) -> nn.Sequential:
        """Give the same in one linear layer, as it stands after training.

        The bound is left to the step that stores: an attacker who holds this half gains nothing from it,
        and a gradient that it stops would only make him look weaker than he is.
        """
        mean, variance = self.norm.running_mean, self.norm.running_var
        if mean is None or variance is None:
            raise ValueError("the code's normalisation keeps no statistics")
        one = nn.Linear(self.linear.in_features, self.linear.out_features)
        scale = torch.rsqrt(variance + self.norm.eps)
        one.weight.data = self.linear.weight.detach() * scale[:, None]
        one.bias.data = (self.linear.bias.detach() - mean) * scale
        return nn.Sequential(nn.Flatten(), one)


def expand(pca: Pca) -> nn.Sequential:
    """Give a learnt reconstruction, numbers of variance 1 [n, k] to activations [n, *shape], none below 0."""
    k, d = pca.w.shape
    linear = nn.Linear(k, d)
    linear.weight.data = torch.from_numpy((pca.w * np.sqrt(pca.variances)[:, None]).T.copy()).float()
    linear.bias.data = torch.from_numpy(pca.mu.copy()).float()
    return nn.Sequential(linear, nn.Unflatten(1, pca.shape), nn.ReLU(inplace=True))


def store(numbers: Tensor, output: OutputSpec, *, soft: bool = False) -> Tensor:
    """Give numbers as they come back from a payload; the gradient passes as if nothing had been done.

    With `soft` they are bounded but not rounded yet.

    The straight-through estimator (Bengio et al. 2013) over bound and rounding alike: a number that stands
    beyond the bound can still be drawn back.
    """
    with torch.no_grad():
        stored = numbers.clamp(-output.clip, output.clip)
        if not soft:
            stored = torch.round(stored / output.scale) * output.scale
    return numbers + (stored - numbers).detach()


def output_of(code: CodeSpec) -> OutputSpec:
    """Say how the code is stored: int8, of which 2 levels + 1 values occur."""
    return OutputSpec("int8", (code.numbers,), clip=code.clip, scale=code.clip / code.levels)
