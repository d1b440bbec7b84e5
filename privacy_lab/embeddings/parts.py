"""The data sets of a recipe, each divided into what trains, what decides when to stop, and what measures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import DataSet, Regions
from privacy_lab.data.regions import join, regions_of
from privacy_lab.data.splits import Division, divide
from privacy_lab.errors import BadRecipe
from privacy_lab.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One data set as a recipe divides it, and in words how its held-out part was chosen.

    `key` is the name by which the recipe calls the set.
    """

    key: str
    data: DataSet
    division: Division
    how: str


def read_parts(recipe: Recipe, folder: Path) -> tuple[Part, ...]:
    """Read the recipe's data sets in `folder` and divide each as it says.

    Raises:
        BadData: a set is missing or not of its format.
        BadRecipe: a set has another number of classes than the recipe has labels.
    """
    parts = []
    for name in recipe.data.sets:
        data = read_set(name, folder)
        if len(data.classes) != len(recipe.labels):
            raise BadRecipe(
                f"{recipe.name}: labels: {len(recipe.labels)} are named, but {name} has {len(data.classes)} "
                f"classes: {', '.join(data.classes)}"
            )
        division = divide(data, recipe.data)
        parts.append(Part(name, data, division, _how(data, recipe)))
    return tuple(parts)


def train_regions(parts: Sequence[Part], recipe: Recipe) -> Regions:
    """Cut the training pictures of all parts as the edge cuts them; identities differ between parts."""
    return _cut(parts, recipe, [part.division.train for part in parts])


def validation_regions(parts: Sequence[Part], recipe: Recipe) -> Regions:
    """Cut the pictures of all parts that decide when to stop."""
    return _cut(parts, recipe, [part.division.validation for part in parts])


def unseen_regions(parts: Sequence[Part], recipe: Recipe) -> Regions:
    """Cut the pictures of all parts that are only ever measured; identities differ between parts."""
    return _cut(parts, recipe, [part.division.held_out for part in parts])


def held_out_regions(part: Part, recipe: Recipe) -> Regions:
    """Cut the pictures of one part that are only ever measured."""
    return regions_of(part.data, part.division.held_out, recipe.region, recipe.input)


def _cut(parts: Sequence[Part], recipe: Recipe, chosen: Sequence[NDArray[np.int64]]) -> Regions:
    cuts, first = [], 0
    for part, indices in zip(parts, chosen, strict=True):
        cuts.append(regions_of(part.data, indices, recipe.region, recipe.input, first))
        first += len(set(part.data.identities))
    return join(cuts)


def _how(data: DataSet, recipe: Recipe) -> str:
    spec = recipe.data
    if data.identities:
        return f"{spec.identities_each} whole identities a label, never trained on"
    if data.parts:
        return "the official test part"
    if data.groups:
        return f"one picture in {spec.held_out} by hash, near-copies and tracks kept together"
    return f"one picture in {spec.held_out} by hash"
