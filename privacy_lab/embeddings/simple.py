"""The simple embedding, and after fine-tuning the Siamese: a network cut at a layer (Osia et al., 4.1)."""

from typing import Final

import numpy as np
from torch import nn

from models.manifest import Embedding, OutputSpec
from models.quantise import Floats
from privacy_lab.embeddings.halves import Halves
from privacy_lab.networks.cut import split

# float16 steps are a 2048th of a number: the largest must not round past its own bound.
_SLACK: Final = 1.001


def separate(network: nn.Sequential, at: str, activations: Floats, embedding: Embedding) -> Halves:
    """Cut the network behind the layer `at`; what crosses is the layer's activation in float16.

    `activations` are those of the training regions, [n, *shape]: the largest is the bound to which every
    number is clipped, so that on pictures like these clipping changes nothing.

    Raises:
        BadRecipe: no such layer; the text lists those that there are.
    """
    front, back = split(network, at)
    bound = float(np.abs(activations).max()) * _SLACK
    output = OutputSpec("float16", activations.shape[1:], clip=bound, scale=1.0)
    return Halves(front, back, output, embedding)
