"""The best linear guess of a picture from a code: ridge regression, its strength chosen on some aside.

Hoerl and Kennard 1970. Where the code says nothing, the guess is the mean picture.
"""

from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn

# Strengths as shares of the mean variance of the standardised code; with the last, nothing is believed.
_STRENGTHS: Final = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 30.0, float("inf"))
_DEAD: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Mean and spread of each of k numbers over all the codes learnt from, float64 [k] each.

    They belong to the attacker's codes and stay as they are for every batch that is decoded later.
    """

    mean: Tensor
    spread: Tensor

    def __call__(self, codes: Tensor) -> Tensor:
        """Give float64 [n, k] with mean 0 and spread 1 over the codes learnt from; dead numbers give 0."""
        return (codes.double() - self.mean) / self.spread


def standard_of(codes: Tensor) -> Standard:
    """Measure codes [n, k]. A number that never changes gets an infinite spread."""
    rows = codes.double()
    spread = rows.std(dim=0, correction=0)
    return Standard(rows.mean(dim=0), torch.where(spread > _DEAD, spread, torch.inf))


@final
class Linear(nn.Module):
    """μ + q W: standardised codes to values, float32 [n, k] to [n, d]; nothing in it is learnt further."""

    mean: Tensor
    weight: Tensor

    def __init__(self, mean: Tensor, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("weight", weight.float())

    def forward(self, q: Tensor) -> Tensor:
        """Give the guesses, float32 [n, d]."""
        return self.mean + q @ self.weight


def fit_linear(q: Tensor, x: Tensor, q_aside: Tensor, x_aside: Tensor) -> Linear:
    """Fit W = argmin ‖q W − (x − μ)‖² + λ n ‖W‖², λ being the one that errs least on what is set aside.

    Args:
        q: Standardised codes, float64 [n, k].
        x: Values to guess, [n, d].
        q_aside: Standardised codes [m, k] that are not fitted to.
        x_aside: Their values [m, d].
    """
    mu = x.mean(dim=0)
    # q'q / n = V diag(e) V': one decomposition serves every λ.
    e, v = torch.linalg.eigh(q.T @ q / len(q))
    # Pictures are many and float32 is exact enough for them; the small matrices are float64.
    seen = v.T @ (q.T.float() @ (x - mu)).double() / len(q)
    errors = []
    for strength in _STRENGTHS:
        guess = ((q_aside @ v) / (e.clamp(min=0) + strength)) @ seen
        errors.append(float((guess + mu - x_aside).square().mean()))
    best = _STRENGTHS[errors.index(min(errors))]
    return Linear(mu, v @ (seen / (e.clamp(min=0) + best)[:, None]))
