"""The advanced embedding: Siamese fine-tuning, then a projection to k numbers (Osia et al., section 4.4)."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.manifest import OutputSpec
from models.quantise import Floats
from privacy_lab.embeddings.answers import analyze, right
from privacy_lab.embeddings.halves import Halves
from privacy_lab.embeddings.pca import Pca, projection, reconstruction, with_noise
from privacy_lab.networks.cut import split

_SLACK: Final = 1.001


def reduce(network: nn.Sequential, at: str, pca: Pca, activations: Floats) -> Halves:
    """Project at the end of the front, reconstruct at the start of the back; k numbers cross in float32.

    They are clipped to the largest that a training activation [n, *shape] is projected to.
    """
    front, back = split(network, at)
    z = project(pca, activations)
    output = OutputSpec("float32", (len(pca.w),), clip=float(np.abs(z).max()) * _SLACK, scale=1.0)
    return Halves(
        nn.Sequential(front, projection(pca)), nn.Sequential(reconstruction(pca), back), output, "advanced"
    )


def project(pca: Pca, activations: Floats) -> Floats:
    """Give z = W (x - mu), float32 [n, k]."""
    x = activations.reshape(len(activations), -1)
    return np.asarray(x @ pca.w.T - pca.w @ pca.mu, np.float32)


def sweep(
    back: nn.Module, pca: Pca, activations: Floats, labels: NDArray[np.int64]
) -> Iterator[tuple[int, float]]:
    """Give for k = 1, 2, ... as many as `pca` has the share answered rightly from k numbers.

    `back` is the network's own back half, `activations` [n, *shape] those of the regions to answer.
    """
    for k in range(1, len(pca.w) + 1):
        some = pca.first(k)
        x = project(some, activations) @ some.w + some.mu
        logits = analyze(back, np.asarray(x.reshape(activations.shape), np.float32))
        yield k, right(logits, labels) / max(1, len(labels))


def accuracy_under_noise(
    back: nn.Module, z: Floats, labels: NDArray[np.int64], sigma: float, random: np.random.Generator
) -> float:
    """Give the share answered rightly when N(0, sigma^2 I) is added to the numbers z [n, k] that are sent."""
    return right(analyze(back, with_noise(z, sigma, random)), labels) / max(1, len(labels))
