"""Nullification: a share of the input's entries is set to zero before the network sees them."""

import math
import os
from collections.abc import Callable

import numpy as np

from feature_node.errors import BadNoise
from feature_node.release.samplers import Entropy
from models.quantise import Floats

Mask = Callable[[Floats], Floats]


def nullified(pictures: Floats, mu: float, entropy: Entropy = os.urandom) -> Floats:
    """Give x ⊙ Iₙ: exactly ⌈N·μ⌉ of each picture's N entries are zero, drawn anew for each (ARDEN).

    Args:
        pictures: Normalised, float32 [n, 3, h, w]; N = 3·h·w.
        mu: The share μ, at least 0 and under 1.
        entropy: Where the choice comes from.

    Raises:
        BadNoise: μ is out of bounds.
    """
    if not 0 <= mu < 1:
        raise BadNoise(f"nullified {mu!r} is not at least 0 and under 1")
    entries = math.prod(pictures.shape[1:])
    # A share that means a whole number of entries must not become one more by rounding.
    count = math.ceil(entries * mu - 1e-9)
    if not count or not len(pictures):
        return pictures
    keys = np.frombuffer(entropy(4 * pictures.size), np.uint32).reshape(len(pictures), entries)
    chosen = np.argpartition(keys, count - 1, axis=1)[:, :count]
    kept = pictures.reshape(len(pictures), entries).copy()
    np.put_along_axis(kept, chosen, np.float32(0), axis=1)
    return kept.reshape(pictures.shape)


def mask_of(mu: float, entropy: Entropy = os.urandom) -> Mask | None:
    """Give what nullifies a share μ of pictures; None where nothing is."""
    return (lambda pictures: nullified(pictures, mu, entropy)) if mu else None
