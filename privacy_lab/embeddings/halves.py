"""Two halves of a network and how the numbers between them are stored: what a bundle is made of."""

from dataclasses import dataclass

from torch import nn

from models.manifest import Embedding, OutputSpec


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """An embedding, ready to be exported or attacked.

    Attributes:
        front: Normalised pictures, float32 [n, 3, h, w], to the numbers [n, *output.shape] before they are
            clipped and stored.
        back: The numbers as read back from a payload to the logits [n, labels].
        output: How the numbers are bounded and stored.
        embedding: Which of the four.
    """

    front: nn.Module
    back: nn.Module
    output: OutputSpec
    embedding: Embedding
