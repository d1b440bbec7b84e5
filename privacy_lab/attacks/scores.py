"""How alike reconstructions and originals are, in float64: wrapped integers have fooled others before."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from privacy_lab.errors import BadImages

FAITHFUL: Final = 1e-10
"""The least mean squared error told apart from none; it bounds PSNR to 100 dB."""
_WINDOW: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One number a picture, float64 [n] each.

    Attributes:
        mse: Mean squared error of values in [0, 1].
        psnr: 10 log10(1 / mse) in decibels, at most 100.
        ssim: Structural similarity (Wang et al. 2004), 7 × 7 window, mean over the colours.
    """

    mse: NDArray[np.float64]
    psnr: NDArray[np.float64]
    ssim: NDArray[np.float64]


def score(originals: NDArray[np.floating[Any]], reconstructions: NDArray[np.floating[Any]]) -> Scores:
    """Compare picture by picture, both float [n, h, w, 3] in [0, 1] with sides of at least 7.

    Raises:
        BadImages: Integers, values outside [0, 1], NaN, differing shapes, or pictures too small.
    """
    _check(originals, "originals")
    _check(reconstructions, "reconstructions")
    if originals.shape != reconstructions.shape:
        raise BadImages(f"{originals.shape} originals against {reconstructions.shape} reconstructions")
    x, y = originals.astype(np.float64), reconstructions.astype(np.float64)
    mse = np.square(x - y).mean(axis=(1, 2, 3))
    compare: Any = structural_similarity
    ssim = [
        compare(a, b, win_size=_WINDOW, data_range=1.0, channel_axis=-1) for a, b in zip(x, y, strict=True)
    ]
    return Scores(mse, psnr_of(mse), np.asarray(ssim, np.float64))


def psnr_of(mse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the peak signal-to-noise ratio in decibels of errors of values in [0, 1], whose peak is 1."""
    return np.asarray(10.0 * np.log10(1.0 / np.maximum(mse, FAITHFUL)))


def _check(images: NDArray[np.floating[Any]], what: str) -> None:
    if not np.issubdtype(images.dtype, np.floating):
        raise BadImages(
            f"{what} are {images.dtype}; differences of integers wrap, so divide them by 255 first"
        )
    if images.ndim != 4 or images.shape[-1] != 3 or min(images.shape[1:3]) < _WINDOW:
        raise BadImages(
            f"{what} are of shape {images.shape}, not [n, h, w, 3] with sides of at least {_WINDOW}"
        )
    if not bool(((images >= 0) & (images <= 1)).all()):
        raise BadImages(f"{what} hold values outside [0, 1]")
