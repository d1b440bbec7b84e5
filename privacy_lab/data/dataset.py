"""What a loader gives: pictures with labels and, where known, identities; and a card that names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.pictures import Box, Picture

UNKNOWN: Final = -1
"""The label or identity of a region of which none is known."""


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data set in a few facts: enough to tell whether two people measured on the same pictures.

    Attributes:
        name: The set's name.
        source: Where it comes from.
        terms: What it may be used for.
        pictures: How many pictures were read.
        classes: How many pictures each label has.
        identities: How many identities are told apart; 0 where none are known.
        smallest: Height and width of the smallest picture, in pixels.
        largest: Height and width of the largest picture, in pixels.
        sha256: Hash over names, labels and pixels, in order.
        skipped: Names of files that could not be read as pictures.
    """

    name: str
    source: str
    terms: str
    pictures: int
    classes: dict[str, int]
    identities: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    sha256: str
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """Labelled pictures, item k of each sequence speaking of picture k.

    Attributes:
        card: The facts.
        classes: Names of the labels.
        images: RGB uint8 [height, width, 3] each; sizes may differ from picture to picture.
        labels: int64 [n], index into `classes`, or `UNKNOWN`.
        names: Where each picture stands in the set.
        identities: Who or what is shown; empty where the set does not say.
        groups: Pictures of one group stay on one side of every split (a track, a photograph and its copies);
            empty where each picture is a group of its own.
        boxes: Where the object stands (x, y, width, height) in pixels; empty: it fills the picture.
        parts: The official part ("train" or "test") of each; empty where the makers defined none.
    """

    card: Card
    classes: tuple[str, ...]
    images: Sequence[Picture]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    identities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Regions cut to a network's input, as the edge cuts them.

    Attributes:
        images: RGB uint8 [n, height, width, 3].
        labels: int64 [n], or `UNKNOWN`.
        identities: int64 [n], equal for the same person, or `UNKNOWN`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    identities: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the regions."""
        return len(self.images)

    def take(self, chosen: NDArray[np.int64]) -> "Regions":
        """Give the chosen regions, in that order."""
        return Regions(self.images[chosen], self.labels[chosen], self.identities[chosen])
