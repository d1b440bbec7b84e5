"""What an adversary has before him: one value, so that no attack can be given more than he sees."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.quantise import Floats
from privacy_lab.attacks.victim import Pixels, Victim
from privacy_lab.data.dataset import Regions

Images = NDArray[np.float32]
"""Pictures as attacks give them: float32 [n, height, width, 3] in [0, 1]."""

Watch = Callable[[float], None]
"""Is told the share of the work that is done, 0 to 1."""


def unwatched(share: float) -> None:
    """Let the work go on unseen."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Everything that an attack may use. The pictures behind `observed` are not in it.

    Attributes:
        victim: The halves of the bundle that the adversary holds.
        auxiliary: Regions of his own, none of them among those attacked.
        observed: The payloads he attacks as the cloud decodes them, float32 [n, *output.shape].
        seed: Decides every random choice of the attack.
        device: Where to compute.
        watch: Is told how far the attack is.
    """

    victim: Victim
    auxiliary: Regions
    observed: Floats
    seed: int
    device: torch.device
    watch: Watch = unwatched


def within(watch: Watch, first: float, last: float) -> Watch:
    """Give a watch for one part of the work, which runs from share `first` to share `last` of the whole."""
    return lambda share: watch(first + (last - first) * share)


def as_images(regions: Pixels) -> Images:
    """Turn uint8 [n, h, w, 3] into float32 of the same shape in [0, 1]."""
    return regions.astype(np.float32) / np.float32(255)
