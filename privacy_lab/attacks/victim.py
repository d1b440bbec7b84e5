"""What an attacker may use: payloads as the cloud decodes them, and the halves that he holds.

An attack is given a `Victim` and never the pictures behind the payloads it attacks.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from models.manifest import InputSpec, NoiseSpec, OutputSpec
from models.quantise import Floats

Pixels = NDArray[np.uint8]


class Release(Protocol):
    """Regions to the numbers that the cloud decodes: extraction, clipping, storing and reading back."""

    def __call__(self, regions: Pixels) -> Floats:
        """Give float32 [n, *output.shape] for uint8 [n, height, width, 3]."""
        ...


class Analyze(Protocol):
    """The cloud's half: numbers as decoded to scores."""

    def __call__(self, numbers: Floats) -> Floats:
        """Give the logits, float32 [n, labels], of float32 [n, *output.shape]."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What an attacker knows of the noise.

    Attributes:
        noise: Mechanism, B, ε and μ.
        draws: Each payload that he has is the mean of so many independent releases of one still picture.
    """

    noise: NoiseSpec
    draws: int = 1


@dataclass(frozen=True, slots=True)
class Victim:
    """One bundle as an attacker sees it.

    Attributes:
        input: What regions look like.
        output: How numbers are bounded and stored.
        labels: How many labels the primary task has.
        release: The true path of a region, down to the decoded payload; a black box. Noise is drawn anew at
            each call.
        front: The extractor as a differentiable module, normalised float32 [n, 3, h, w] to numbers before
            they are clipped and stored; None where only the black box is known.
        analyze: The cloud's half; None where only the edge's half is at hand.
        back: The cloud's half as a differentiable module; None where it is not at hand.
        told: What he knows of the noise; None where there is none.
    """

    input: InputSpec
    output: OutputSpec
    labels: int
    release: Release
    front: nn.Module | None = None
    analyze: Analyze | None = None
    back: nn.Module | None = None
    told: Told | None = None
