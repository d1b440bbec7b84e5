"""From a recipe and the data to a finished bundle: train, cut, export, measure through the wire, write."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import torch
from torch import nn

from models.bundle import load_analyzer, load_extractor
from models.manifest import (
    ANALYZER,
    EXTRACTOR,
    Accuracy,
    DataSource,
    Manifest,
    OutputSpec,
    Parameters,
    Provenance,
)
from models.writer import entry_of, write_bundle
from privacy_lab.data.faces import FACESCRUB, GENDER, FaceSet
from privacy_lab.data.splits import Split, split_by_identity, split_by_picture
from privacy_lab.errors import ExportFailed
from privacy_lab.evaluation import measure
from privacy_lab.examples import FaceExamples
from privacy_lab.export import export_half
from privacy_lab.networks.residual import build, count_parameters, split
from privacy_lab.recipe import PictureRecipe, Recipe
from privacy_lab.training import Watch, fit

_INT8_MAX: Final = 127


@dataclass(frozen=True, slots=True)
class Part:
    """One data set as this recipe divides it, and in words how its held-out part was chosen."""

    about: FaceSet
    split: Split
    how: str


def divide(recipe: Recipe, data: Path) -> tuple[Part, ...]:
    """Read the face sets in the folder `data` and divide each as the recipe says.

    Raises:
        BadData: a set is missing or not of its format.
    """
    spec = recipe.data
    gender = split_by_picture(GENDER.read(data), spec)
    facescrub = split_by_identity(FACESCRUB.read(data), spec)
    return (
        Part(GENDER, gender, f"one picture in {spec.held_out} by hash, near-copies kept together"),
        Part(FACESCRUB, facescrub, f"{spec.identities_each} whole identities a label, never trained on"),
    )


def train_bundle(
    recipe: Recipe, data: Path, out: Path, *, checkpoint: Path | None, watch: Watch = lambda _: None
) -> Manifest:
    """Train by the recipe on the folder `data` and write the bundle to `out` (a folder, or a zip).

    Raises:
        LabError: data, checkpoint or recipe cannot be used, or the result does not beat the recipe's floors.
        BundleError: `out` cannot be written.
    """
    parts = divide(recipe, data)
    together = Split(
        tuple(face for part in parts for face in part.split.train),
        tuple(face for part in parts for face in part.split.validation),
        (),
    )
    torch.manual_seed(recipe.training.seed)
    network = build(recipe.network, len(recipe.labels))
    front, back = split(network, recipe.split)  # before the long part: a wrong name fails at once
    examples = FaceExamples(together, recipe)
    fit(network, examples, recipe.training, recipe=recipe.digest, checkpoint=checkpoint, watch=watch)
    return _write(recipe, parts, front, back, out)


def _write(
    recipe: Recipe, parts: Sequence[Part], front: nn.Sequential, back: nn.Sequential, out: Path
) -> Manifest:
    takes = (recipe.input.channels, recipe.input.height, recipe.input.width)
    with torch.no_grad():
        code = tuple(front.eval()(torch.zeros(1, *takes)).shape[1:])
    files: dict[str, bytes] = {
        EXTRACTOR: export_half(front, takes, code, EXTRACTOR),
        ANALYZER: export_half(back, code, (len(recipe.labels),), ANALYZER),
    }
    sides = Parameters(count_parameters(front), count_parameters(back))
    output = output_of(recipe, code)
    unmeasured = _describe(recipe, parts, files, output=output, parameters=sides)
    # Measured on a written bundle: exactly what will run is what the manifest speaks of. It stands at `out`
    # only once it has beaten its floors.
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / recipe.name
        write_bundle(trial, unmeasured, files)
        measured = measure_bundle(recipe, parts, trial)
    manifest = _describe(recipe, parts, files, output=output, parameters=sides, accuracy=measured)
    write_bundle(out, manifest, files)
    return manifest


def measure_bundle(recipe: Recipe, parts: Sequence[Part], path: Path) -> tuple[Accuracy, ...]:
    """Measure the bundle at `path` on each set's held-out part.

    Raises:
        ExportFailed: it does not beat the recipe's floor for a set.
    """
    extractor, analyzer = load_extractor(path), load_analyzer(path)
    found = []
    for part in parts:
        floor = recipe.floors.get(part.about.key, 0.0)
        faces, name = part.split.held_out, part.about.name
        found.append(measure(extractor, analyzer, faces, data=name, split=part.how, floor=floor))
        if found[-1].accuracy <= floor:
            raise ExportFailed(f"{name}: accuracy {found[-1].accuracy} does not beat the floor {floor}")
    return tuple(found)


def output_of(recipe: Recipe, code: tuple[int, ...]) -> OutputSpec:
    """Say how numbers of this shape are sent: int8 spreads its steps over ±clip, floats go as they are."""
    clip = recipe.network.clip
    return OutputSpec(recipe.dtype, code, clip, clip / _INT8_MAX if recipe.dtype == "int8" else 1.0)


def _describe(
    recipe: Recipe,
    parts: Sequence[Part],
    files: dict[str, bytes],
    *,
    output: OutputSpec,
    parameters: Parameters,
    accuracy: tuple[Accuracy, ...] = (),
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
        embedding="simple",
        output=output,
        files={EXTRACTOR: entry_of(files[EXTRACTOR]), ANALYZER: entry_of(files[ANALYZER])},
        parameters=parameters,
        provenance=_provenance(recipe, parts),
        accuracy=accuracy,
    )


def _provenance(recipe: Recipe, parts: Sequence[Part]) -> Provenance:
    data = tuple(
        DataSource(
            name=part.about.name,
            source=part.about.source,
            terms=part.about.terms,
            trained_on=len(part.split.train) + len(part.split.validation),
            held_out=len(part.split.held_out),
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
