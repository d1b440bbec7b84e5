"""The pictures of a sweep: each data set divided once, cut to the budget, and kept on the device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import msgspec
import numpy as np
import torch

from models.manifest import RegionSpec
from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import DataSet, Regions
from privacy_lab.data.regions import regions_of
from privacy_lab.data.splits import Indices, divide
from privacy_lab.errors import BadData
from privacy_lab.noise.batches import Batches, Views
from privacy_lab.sweep.recipe import Budget, SetSpec, SweepRecipe

_WHOLE: Final = RegionSpec("whole")
_JUDGED: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """One data set, divided.

    Attributes:
        name: The set's name in the catalogue.
        sha256: Of the set's card.
        labels: How many labels it has.
        train: What is learnt from, by the network and by its attackers.
        judged: What shows how far a training is.
        tests: What is answered and attacked.
    """

    name: str
    sha256: str
    labels: int
    train: Regions
    judged: Regions
    tests: Regions


@final
class Materials:
    """The data sets of a recipe, each read when it is first asked for."""

    def __init__(self, recipe: SweepRecipe, budget: Budget, folder: Path, device: torch.device) -> None:
        self._recipe, self._budget, self._folder, self._device = recipe, budget, folder, device
        self._read: dict[str, Material] = {}

    def of(self, name: str) -> Material:
        """Give a data set, divided.

        Raises:
            BadData: it is missing or not of its format.
        """
        if name not in self._read:
            self._read[name] = self._divided(name, read_set(name, self._folder))
        return self._read[name]

    def front_of(self, spec: SetSpec) -> Material:
        """Give the first set that is there of those to pre-train a front on.

        Raises:
            BadData: none is there; the text says why the last is not.
        """
        for name in spec.front[:-1]:
            try:
                return self.of(name)
            except BadData:
                continue
        return self.of(spec.front[-1])

    def batches(self, regions: Regions, batch: int, seed: int, views: SetSpec | None = None) -> Batches:
        """Put regions on the device, altered as the set's `views` say where they are given."""
        altered = Views(views.flip, views.shift, views.cutout) if views else Views()
        return Batches(
            regions, self._recipe.input, views=altered, batch=batch, seed=seed, device=self._device
        )

    def _divided(self, name: str, data: DataSet) -> Material:
        spec = msgspec.structs.replace(self._recipe.data, sets=(name,))
        parts, budget = divide(data, spec), self._budget
        return Material(
            name=name,
            sha256=data.card.sha256,
            labels=len(data.classes),
            train=self._cut(data, _some(parts.train, budget.pictures)),
            judged=self._cut(data, _some(parts.validation, _JUDGED)),
            tests=self._cut(data, _some(parts.held_out, budget.tests)),
        )

    def _cut(self, data: DataSet, chosen: Indices) -> Regions:
        return regions_of(data, chosen, _WHOLE, self._recipe.input)


def _some(indices: Indices, most: int) -> Indices:
    """Draw up to `most` of the indices (0: all), the same ones always, in an order of no meaning."""
    drawn = np.random.default_rng(29).permutation(indices)
    return np.asarray(drawn[: most or None], np.int64)
