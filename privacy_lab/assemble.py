"""From a recipe and the data to a finished bundle: train, cut, export, measure through the wire, write."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import torch
from msgspec import UNSET, UnsetType
from torch import nn

from models.bundle import load_analyzer, load_extractor
from models.manifest import (
    ANALYZER,
    EXTRACTOR,
    Accuracy,
    DataSource,
    Manifest,
    NoiseSpec,
    Parameters,
    Provenance,
)
from models.writer import entry_of, write_bundle
from privacy_lab.devices import CPU
from privacy_lab.embeddings.answers import compute, right
from privacy_lab.embeddings.halves import Halves
from privacy_lab.embeddings.parts import Part, held_out_regions, read_parts, train_regions
from privacy_lab.embeddings.stages import Stages, WatchStage
from privacy_lab.errors import ExportFailed
from privacy_lab.evaluation import accuracy_of, measure
from privacy_lab.export import export_half
from privacy_lab.networks.cost import count_parameters
from privacy_lab.noise.plan import finer, fit
from privacy_lab.recipe import PictureRecipe, Recipe

_FITTED: Final = 10_000


def train_bundle(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    checkpoints: Path | None,
    device: torch.device = CPU,
    watch: WatchStage = lambda _stage, _epochs, _progress: None,
) -> Manifest:
    """Train by the recipe on the folder `data` and write the bundle to `out` (a folder, or a zip).

    Each stage is kept in the folder `checkpoints` and taken up, or taken over, from there.

    Raises:
        LabError: data, checkpoint or recipe cannot be used, or the result does not beat the recipe's floors.
        BundleError: `out` cannot be written.
    """
    parts = read_parts(recipe, data)
    stages = Stages(recipe, parts, folder=checkpoints, device=device, watch=watch)
    halves = stages.halves(recipe.embedding)
    whole = measure_whole(recipe, parts, stages.whole())
    return write_halves(recipe, parts, halves, whole, out)


def write_halves(
    recipe: Recipe,
    parts: Sequence[Part],
    halves: Halves,
    whole: tuple[Accuracy, ...],
    out: Path,
    *,
    floors_bind: bool = True,
) -> Manifest:
    """Export the halves, measure them as a bundle and write that to `out`.

    The recipe's floors are those of what it is meant to make; they do not bind what is only compared with it.

    Raises:
        ExportFailed: an exported half answers otherwise, or the bundle does not beat floors that bind.
        BundleError: `out` cannot be written.
    """
    noise = _noise(recipe, parts, halves)
    if noise:
        halves = replace(halves, output=finer(halves.output))
    shape = halves.output.shape
    files: dict[str, bytes] = {
        EXTRACTOR: export_half(halves.front.cpu(), recipe.takes, shape, EXTRACTOR),
        ANALYZER: export_half(halves.back.cpu(), shape, (len(recipe.labels),), ANALYZER),
    }
    unmeasured = _describe(recipe, parts, halves, files, noise=noise, accuracy=(), accuracy_whole=whole)
    # Measured on a written bundle: exactly what will run is what the manifest speaks of. It stands at `out`
    # only once it has beaten its floors.
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / recipe.name
        write_bundle(trial, unmeasured, files)
        measured = measure_bundle(recipe, parts, trial)
    if floors_bind:
        _require_floors(measured)
    manifest = _describe(recipe, parts, halves, files, noise=noise, accuracy=measured, accuracy_whole=whole)
    write_bundle(out, manifest, files)
    return manifest


def measure_bundle(recipe: Recipe, parts: Sequence[Part], path: Path) -> tuple[Accuracy, ...]:
    """Measure the bundle at `path` on each set's held-out part."""
    extractor, analyzer = load_extractor(path), load_analyzer(path)
    found = []
    for part in parts:
        floor, name = recipe.floors.get(part.key, 0.0), part.data.card.name
        regions = held_out_regions(part, recipe)
        seed = recipe.training.seed
        found.append(measure(extractor, analyzer, regions, data=name, split=part.how, floor=floor, seed=seed))
    return tuple(found)


def measure_whole(recipe: Recipe, parts: Sequence[Part], network: nn.Module) -> tuple[Accuracy, ...]:
    """Measure the network that is not cut, of which nothing is stored, on each set's held-out part."""
    found = []
    for part in parts:
        floor, name = recipe.floors.get(part.key, 0.0), part.data.card.name
        regions = held_out_regions(part, recipe)
        hits = right(compute(network, regions.images, recipe.input), regions.labels)
        found.append(accuracy_of(hits, len(regions), data=name, split=part.how, floor=floor))
    return tuple(found)


def _require_floors(measured: Sequence[Accuracy]) -> None:
    for found in measured:
        if found.accuracy <= found.floor:
            raise ExportFailed(
                f"{found.data}: accuracy {found.accuracy} does not beat the floor {found.floor}"
            )


def _describe(
    recipe: Recipe,
    parts: Sequence[Part],
    halves: Halves,
    files: dict[str, bytes],
    *,
    noise: NoiseSpec | UnsetType,
    accuracy: tuple[Accuracy, ...],
    accuracy_whole: tuple[Accuracy, ...],
) -> Manifest:
    return Manifest(
        schema=1,
        kind="embedding",
        name=recipe.name,
        task=recipe.task,
        labels=recipe.labels,
        region=recipe.region,
        input=recipe.input,
        split=recipe.split,
        embedding=halves.embedding,
        output=halves.output,
        files={EXTRACTOR: entry_of(files[EXTRACTOR]), ANALYZER: entry_of(files[ANALYZER])},
        parameters=Parameters(count_parameters(halves.front), count_parameters(halves.back)),
        provenance=_provenance(recipe, parts),
        accuracy=accuracy,
        accuracy_whole=accuracy_whole,
        noise=noise,
    )


def _noise(recipe: Recipe, parts: Sequence[Part], halves: Halves) -> NoiseSpec | UnsetType:
    if recipe.noise is None:
        return UNSET
    regions = train_regions(parts, recipe)
    # Sets come label by label: of many regions some, drawn over all of them, say as much.
    drawn = np.random.default_rng(recipe.training.seed).permutation(len(regions))[:_FITTED]
    numbers = compute(halves.front, regions.images[drawn], recipe.input)
    return fit(recipe.noise, numbers, regions.labels[drawn], finer(halves.output), len(recipe.labels))


def _provenance(recipe: Recipe, parts: Sequence[Part]) -> Provenance:
    data = tuple(
        DataSource(
            name=part.data.card.name,
            source=part.data.card.source,
            terms=part.data.card.terms,
            trained_on=len(part.division.train) + len(part.division.validation),
            held_out=len(part.division.held_out),
        )
        for part in parts
    )
    return provenance_of(recipe, data)


def provenance_of(recipe: Recipe | PictureRecipe, data: tuple[DataSource, ...]) -> Provenance:
    """Say which code, recipe and data a bundle is from."""
    return Provenance(
        code=f"penumbra {version('penumbra')}, torch {version('torch')}",
        recipe=f"{recipe.name}.yaml, digest {recipe.digest}",
        seed=recipe.training.seed,
        data=data,
        terms=recipe.terms,
    )
