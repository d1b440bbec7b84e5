"""Distance correlation between pictures and code, as a defence (NoPeek: Vepakomma et al. 2020)."""

from typing import final

import torch
from torch import Tensor

from privacy_lab.embeddings.adversaries import thumbnails
from privacy_lab.embeddings.defences import Seen


@final
class DistanceCorrelation:
    """Costs the code's distance correlation with the down-sampled pictures; see `Defence`."""

    def cost(self, seen: Seen) -> Tensor:
        """See `Defence`."""
        return distance_correlation(thumbnails(seen.pictures), seen.code)

    def learn(self, seen: Seen) -> None:
        """Learn nothing: there is no adversary."""

    def tensors(self) -> dict[str, Tensor]:
        """See `Defence`; there is nothing to keep."""
        return {}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Defence`."""


def distance_correlation(x: Tensor, z: Tensor) -> Tensor:
    """Give dCor(x, z) in [0, 1] of rows [n, d] and [n, k] (Székely, Rizzo and Bakirov 2007, section 2.2)."""
    a, b = _centred(x), _centred(z)
    covariance = (a * b).mean().clamp_min(0)
    variances = (a.pow(2).mean() * b.pow(2).mean()).clamp_min(1e-16)
    return torch.sqrt(covariance / torch.sqrt(variances) + 1e-12)


def _centred(rows: Tensor) -> Tensor:
    """Give the distances between rows [n, n], less the means of row and column."""
    d = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    return d - d.mean(dim=0, keepdim=True) - d.mean(dim=1, keepdim=True) + d.mean()
