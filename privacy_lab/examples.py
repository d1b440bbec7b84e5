"""Faces as batches: augmented for training, as at run time for everything that is measured."""

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec, RegionSpec
from models.pictures import cut, normalise
from privacy_lab.augment import augment, canvas
from privacy_lab.data.faces import Face, decode
from privacy_lab.data.splits import Split
from privacy_lab.recipe import Recipe

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]


@final
class FaceExamples:
    """Batches of faces under a recipe; order and views depend on its seed and the epoch alone."""

    def __init__(self, split: Split, recipe: Recipe) -> None:
        self._recipe = recipe
        self._canvases = [canvas(face, recipe.region, recipe.input) for face in split.train]
        self._labels = labels_of(split.train)
        self._shown = normalise(regions_of(split.validation, recipe.region, recipe.input), recipe.input)
        self._shown_labels = labels_of(split.validation)

    @property
    def steps(self) -> int:
        """How many batches one epoch has; the last few faces wait for the next epoch's order."""
        return max(1, len(self._canvases) // self._recipe.training.batch)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give each training face once, freshly augmented, in an order of the epoch's own."""
        random = np.random.default_rng([self._recipe.training.seed, number])
        order = random.permutation(len(self._canvases))
        for chosen in np.array_split(order, self.steps):
            views = [augment(self._canvases[k], self._recipe.input, random) for k in chosen]
            yield normalise(np.stack(views), self._recipe.input), self._labels[chosen]

    def validation(self) -> Iterator[Batch]:
        """Give the validation faces as at run time."""
        batch = self._recipe.training.batch
        for start in range(0, len(self._shown), batch):
            yield self._shown[start : start + batch], self._shown_labels[start : start + batch]


def regions_of(faces: Sequence[Face], region: RegionSpec, size: InputSpec) -> NDArray[np.uint8]:
    """Cut each face as the edge does: uint8 [n, height, width, 3]."""
    cuts = [cut(decode(face), face.box, region, size) for face in faces]
    return np.stack(cuts) if cuts else np.zeros((0, *size.shape), np.uint8)


def labels_of(faces: Sequence[Face]) -> NDArray[np.int64]:
    """Give the labels as int64 [n]."""
    return np.array([face.label for face in faces], np.int64)
