"""From clips to a bundle that answers censored pictures: train, export, measure on clips held out, write."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from torch import nn

from feature_node.detector import Detector
from models.bundle import load_analyzer
from models.manifest import ANALYZER, Accuracy, DataSource, Manifest, Parameters, RegionSpec
from models.writer import entry_of, write_bundle
from privacy_lab.assemble import provenance_of
from privacy_lab.clips import CLIP_SETS
from privacy_lab.export import export_half
from privacy_lab.networks.cost import count_parameters
from privacy_lab.networks.residual import build_for_pictures
from privacy_lab.picture_examples import PictureExamples
from privacy_lab.picture_measure import measure_pictures
from privacy_lab.places import PHOTOGRAPHS, Place, Places, read_places, shading_detector
from privacy_lab.recipe import PictureRecipe
from privacy_lab.training import Watch, fit

_PHOTOGRAPH_TERMS: Final = "public domain or CC0, as scikit-image states for each"


def train_picture_bundle(
    recipe: PictureRecipe,
    data: Path,
    out: Path,
    *,
    checkpoint: Path | None,
    watch: Watch = lambda _: None,
    detector: Detector | None = None,
) -> Manifest:
    """Train by the recipe on the clips under the folder `data` and write the bundle to `out`.

    Faces are found by `detector`, or by the one with which an edge shades.

    Raises:
        LabError: data, checkpoint or recipe cannot be used, or the result does not beat the recipe's floor.
        BundleError: `out` cannot be written.
    """
    places = read_places(recipe, data, detector or shading_detector())
    torch.manual_seed(recipe.training.seed)
    network = build_for_pictures(recipe.widths, len(recipe.labels))
    together = [place for some in places.train.values() for place in some]
    examples = PictureExamples(together, recipe)
    fit(network, examples, recipe.training, recipe=recipe.digest, checkpoint=checkpoint, watch=watch)
    return _write(recipe, places, network, out)


def _write(recipe: PictureRecipe, places: Places, network: nn.Sequential, out: Path) -> Manifest:
    takes = (recipe.input.channels, recipe.input.height, recipe.input.width)
    files = {ANALYZER: export_half(network, takes, (len(recipe.labels),), ANALYZER)}
    sides = Parameters(0, count_parameters(network))
    # Measured on a written bundle: exactly what will run is what the manifest speaks of.
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / recipe.name
        write_bundle(trial, _describe(recipe, places, files, sides, ()), dict(files))
        measured = measure_pictures(recipe, places, load_analyzer(trial))
    manifest = _describe(recipe, places, files, sides, measured)
    write_bundle(out, manifest, dict(files))
    return manifest


def _describe(
    recipe: PictureRecipe,
    places: Places,
    files: dict[str, bytes],
    parameters: Parameters,
    accuracy: tuple[Accuracy, ...],
) -> Manifest:
    return Manifest(
        schema=1,
        kind="picture",
        name=recipe.name,
        task=recipe.task,
        labels=recipe.labels,
        region=RegionSpec("whole"),
        input=recipe.input,
        shading=recipe.styles,
        files={ANALYZER: entry_of(files[ANALYZER])},
        parameters=parameters,
        provenance=provenance_of(recipe, tuple(_sources(places))),
        accuracy=accuracy,
    )


def _sources(places: Places) -> Sequence[DataSource]:
    found = []
    for about in CLIP_SETS:
        trained, held = (_count(part, about.key) for part in (places.train, places.held_out))
        if trained or held:
            name = f"{about.key}: frames of {about.pattern}"
            found.append(DataSource(name, about.source, about.terms, trained, held))
    photographs = _count(places.train, PHOTOGRAPHS)
    if photographs:
        source = "the scikit-image package"
        found.append(DataSource(PHOTOGRAPHS, source, _PHOTOGRAPH_TERMS, photographs, 0))
    return found


def _count(part: dict[str, list[Place]], key: str) -> int:
    return sum(len(some) for name, some in part.items() if name.split("/")[0] == key)
