"""Structural similarity (Wang et al. 2004) as a loss can use it: differentiable, and equal to the score's."""

from typing import Final

import torch
from torch import Tensor

from privacy_lab.errors import BadImages

_WINDOW: Final = 7
# K1 = 0.01 and K2 = 0.03 of the paper, section III.C, for values that span 1.
_C1: Final = 0.01**2
_C2: Final = 0.03**2
# Covariances of a sample, as scikit-image takes them: NP / (NP - 1).
_SAMPLE: Final = _WINDOW**2 / (_WINDOW**2 - 1)


def structural_similarity(x: Tensor, y: Tensor) -> Tensor:
    """Give the mean SSIM of two batches float32 [n, 3, h, w] of values in [0, 1], one number.

    Uniform windows of 7 × 7 that lie inside the picture, mean over places, colours and pictures.

    Raises:
        BadImages: a side is shorter than the window.
    """
    height, width = x.shape[-2:]
    if min(height, width) < _WINDOW:
        raise BadImages(f"pictures of {height} × {width} have no window of {_WINDOW} × {_WINDOW} inside")
    x, y = x.contiguous(), y.contiguous()
    # Means over windows as two products with box matrices: several times faster than pooling on a CPU.
    t = torch.stack([x, y, x * x, y * y, x * y])  # [5, n, 3, h, w]
    mu_x, mu_y, xx, yy, xy = (_box(height, t) @ t @ _box(width, t).T).unbind()  # [n, 3, h-6, w-6] each
    var_x, var_y = _SAMPLE * (xx - mu_x * mu_x), _SAMPLE * (yy - mu_y * mu_y)
    cov = _SAMPLE * (xy - mu_x * mu_y)
    luminance = (2 * mu_x * mu_y + _C1) / (mu_x * mu_x + mu_y * mu_y + _C1)
    return (luminance * (2 * cov + _C2) / (var_x + var_y + _C2)).mean()


def _box(side: int, like: Tensor) -> Tensor:
    """Give B [side-6, side]: B @ t is the mean of each 7 rows of t that follow one another."""
    ones = torch.ones(side - _WINDOW + 1, side, dtype=like.dtype, device=like.device)
    return ones.triu().tril(_WINDOW - 1) / _WINDOW
