"""What the page about one bundle, or about several embeddings side by side, is made of: frozen values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.certificate import Certificate, Figure

Pictures = NDArray[np.uint8]
"""RGB, uint8 [n, height, width, 3]."""


@dataclass(frozen=True, slots=True, eq=False)
class Reconstructed:
    """One row of pictures below the originals.

    Attributes:
        name: Of which embedding, or what else was guessed.
        pictures: The n pictures that an attacker made of the n originals.
        note: How well they fit, in a few words.
    """

    name: str
    pictures: Pictures
    note: str = ""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What noise of one variance in front of the cloud's half costs and gives."""

    variance: float
    accuracy: float
    rank_privacy: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Accuracy against rank privacy of one embedding, by growing variance."""

    name: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a table: an embedding, or a layer at which the network was cut.

    Attributes:
        name: The embedding or the layer.
        accuracy: Share answered rightly.
        identity: Rank-1 share; None where the task has no identities.
        rank_privacy: Mean relative rank of the true record; None as above.
        ssim: Of the strongest reconstruction.
        milliseconds: Of the edge, a region.
        payload_bytes: A region.
    """

    name: str
    accuracy: Figure
    identity: Figure | None
    rank_privacy: Figure | None
    ssim: Figure
    milliseconds: float | None
    payload_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class PageFacts:
    """Everything that the page says.

    Attributes:
        name: The bundle.
        task: The question that it answers.
        labels: The possible answers.
        region: What one payload is of: a face, or a picture.
        terms: What the bundle may be used for.
        certificate: Its figures.
        originals: The n pictures that were attacked, none of which the attacker learnt from.
        reconstructed: Rows below them, from the leakiest to the least.
        embeddings: A line for each embedding, where several are compared.
        curves: Accuracy against rank privacy, one an embedding.
        layers: A line for each split layer that was tried.
    """

    name: str
    task: str
    labels: tuple[str, ...]
    region: str
    terms: str
    certificate: Certificate
    originals: Pictures
    reconstructed: tuple[Reconstructed, ...]
    embeddings: tuple[Compared, ...] = ()
    curves: tuple[Curve, ...] = ()
    layers: tuple[Compared, ...] = ()
