"""Regions as batches: augmented for training, as at run time for everything that is measured."""

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from models.pictures import normalise
from privacy_lab.data.dataset import Regions
from privacy_lab.embeddings.augment import augment, canvases
from privacy_lab.embeddings.crops import crop_views
from privacy_lab.embeddings.parts import Part, train_regions, validation_regions
from privacy_lab.recipe import CameraViews, Recipe

Pictures = NDArray[np.uint8]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
Indices = NDArray[np.int64]


@final
class RegionExamples:
    """Batches of labelled regions under a recipe; order and views depend on its seed and the epoch alone.

    Attributes:
        regions: The training regions as the edge cuts them.
        held_back: Those that decide when to stop.
    """

    def __init__(self, parts: Sequence[Part], recipe: Recipe) -> None:
        self.regions: Regions = train_regions(parts, recipe)
        self.held_back: Regions = validation_regions(parts, recipe)
        self._recipe, self._views = recipe, recipe.views
        self._wide = canvases(parts, recipe) if isinstance(self._views, CameraViews) else self.regions.images

    @property
    def steps(self) -> int:
        """How many batches one epoch has."""
        return max(1, len(self.regions) // self._recipe.training.batch)

    def batches(self, number: int) -> Iterator[tuple[Indices, NDArray[np.float32]]]:
        """Give each training region once, freshly augmented, in an order of the epoch's own.

        A batch is the regions' indices and their views, float32 [n, 3, h, w].
        """
        random = np.random.default_rng([self._recipe.training.seed, number])
        order = random.permutation(len(self.regions))
        for chosen in np.array_split(order, self.steps):
            yield chosen, self.views(chosen, random)

    def views(self, chosen: Indices, random: np.random.Generator) -> NDArray[np.float32]:
        """Give a fresh view of each chosen training region, float32 [n, 3, h, w]."""
        size, views = self._recipe.input, self._views
        if isinstance(views, CameraViews):
            seen = np.stack([augment(self._wide[k], size, random, flip=views.flip) for k in chosen])
        else:
            seen = crop_views(self._wide[chosen], views, random)
        return normalise(seen, size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the epoch's views with their labels."""
        for chosen, pictures in self.batches(number):
            yield pictures, self.regions.labels[chosen]

    def validation(self) -> Iterator[Batch]:
        """Give the regions that decide when to stop, as at run time."""
        batch, held = self._recipe.training.batch, self.held_back
        for start in range(0, len(held), batch):
            some = slice(start, start + batch)
            yield normalise(held.images[some], self._recipe.input), held.labels[some]
