"""Principal components of activations, frozen as two linear layers (Osia et al., section 4.4)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import svds
from torch import nn

from models.quantise import Floats

Doubles = NDArray[np.float64]
# Up to here the components are found exactly; above, only those that are asked for.
_SMALL: Final = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Pca:
    """The k directions of largest variance of activations x in R^d.

    Attributes:
        mu: Their mean, float64 [d].
        w: The directions as orthonormal rows, largest variance first, float64 [k, d].
        variances: The variance along each, float64 [k].
        shape: The activation's own shape, of d numbers.
    """

    mu: Doubles
    w: Doubles
    variances: Doubles
    shape: tuple[int, ...]

    def first(self, k: int) -> "Pca":
        """Give the first k components alone."""
        return Pca(self.mu, self.w[:k], self.variances[:k], self.shape)


def fit_pca(activations: Floats, k: int) -> Pca:
    """Fit k components, at most as many as there are numbers and rows, to activations [n, *shape].

    Each direction's sign is fixed by its largest entry, so that the same activations give the same code.
    """
    n, shape = len(activations), activations.shape[1:]
    x = activations.reshape(n, -1).astype(np.float64)
    mu = x.mean(axis=0)
    x -= mu  # [n, d]
    k = min(k, *x.shape)
    if min(x.shape) <= _SMALL or k >= min(x.shape):
        _, s, vt = np.linalg.svd(x, full_matrices=False)
        s, vt = s[:k], vt[:k]
    else:
        # svds gives the smallest first, and starts from a vector that must be the same each time.
        _, s, vt = svds(x, k=k, v0=np.ones(min(x.shape)))
        s, vt = s[::-1], vt[::-1]
    heads = vt[np.arange(k), np.abs(vt).argmax(axis=1)]
    w = vt * np.where(heads < 0, -1.0, 1.0)[:, None]
    return Pca(mu, w, s**2 / max(n - 1, 1), shape)


def projection(pca: Pca) -> nn.Sequential:
    """Give z = W (x - mu) as frozen layers: [n, *shape] to [n, k]."""
    return nn.Sequential(nn.Flatten(), _frozen(pca.w, -pca.w @ pca.mu))


def reconstruction(pca: Pca) -> nn.Sequential:
    """Give x = W^T z + mu as frozen layers: [n, k] to [n, *shape]."""
    return nn.Sequential(_frozen(pca.w.T, pca.mu), nn.Unflatten(1, pca.shape))


def with_noise(z: Floats, sigma: float, random: np.random.Generator) -> Floats:
    """Give z + N(0, sigma^2 I), the paper's optional noise in the space of the components; [n, k]."""
    return np.asarray(z + random.normal(0.0, sigma, z.shape), np.float32)


def _frozen(weight: Doubles, bias: Doubles) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(weight)).float()
    layer.bias.data = torch.from_numpy(np.ascontiguousarray(bias)).float()
    return layer.requires_grad_(requires_grad=False)
