"""The study of one task: four embeddings trained, attacked and weighed side by side, and every split layer.

Simple, Siamese, advanced and ours share one whole network, the same attacks and the same pictures, so that
what differs between their figures is the embedding alone (Osia et al., section 5 and figure 5).
"""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol, final

import torch

from models.certificate import EdgeCost, Interval
from models.manifest import ANALYZER, EXTRACTOR, Accuracy, Embedding, Manifest
from models.quantise import Floats
from models.reading import read_bundle
from privacy_lab.assemble import measure_whole, write_halves
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.records import Battery
from privacy_lab.battery.run import WatchAll, run_battery, unseen
from privacy_lab.certify.edge_cost import edge_cost
from privacy_lab.data.dataset import Regions
from privacy_lab.data.material import Material, material_of
from privacy_lab.embeddings.advanced import sweep
from privacy_lab.embeddings.answers import compute
from privacy_lab.embeddings.parts import Part, read_parts, unseen_regions
from privacy_lab.embeddings.stages import Stages, WatchStage
from privacy_lab.networks.cost import costs, total
from privacy_lab.networks.cut import layer_names, split
from privacy_lab.recipe import Recipe
from privacy_lab.study.defences import compare_defences
from privacy_lab.study.payloads import payloads_of
from privacy_lab.study.results import (
    Burden,
    DefenceResult,
    EmbeddingResult,
    LayerResult,
    NoisePoint,
    SweepPoint,
    TaskResult,
)

EMBEDDINGS: Final[tuple[Embedding, ...]] = ("simple", "siamese", "advanced", "ours")
_LAYER_REPETITIONS: Final = 3
_LAYER_ATTACKS: Final = ("decoder", "retrieval-within-label", "rank-privacy")
_SWEPT: Final = 16
_RANK: Final = ("rank-privacy-79", "rank-privacy")


class Weigh(Protocol):
    """Measures what an extractor costs on a device beside the whole network; see `edge_cost`."""

    def __call__(
        self,
        manifest: Manifest,
        extractor: bytes,
        analyzer: bytes,
        *,
        repetitions: int = ...,
        torch: bool = ...,
    ) -> tuple[EdgeCost, dict[str, Interval]]:
        """Give medians, and intervals by name."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Where a study keeps what it need not do again: checkpoints, bundles and finished attacks."""

    checkpoints: Path
    bundles: Path
    attacks: Path


@final
class Study:
    """One recipe's task, its parts done in turn; each is kept, so that an interrupted study goes on."""

    def __init__(
        self,
        recipe: Recipe,
        data: Path,
        places: Places,
        plan: Plan,
        *,
        device: torch.device,
        watch: WatchAll = unseen,
        watch_stage: WatchStage = lambda _stage, _epochs, _progress: None,
        weigh: Weigh = edge_cost,
        beside: int | None = None,
    ) -> None:
        """Read the data.

        Args:
            recipe: What is studied; its own embedding is the one that ships.
            data: The folder of its data sets.
            places: Where finished work is kept.
            plan: The attacks.
            device: Where to compute.
            watch: Is told how far each attack is.
            watch_stage: Is told how far each training is.
            weigh: Measures what both halves cost on a device.
            beside: With how many of the plan's seeds the other embeddings are attacked; None: all.

        Raises:
            BadData, BadRecipe: the data or the recipe cannot be used.
        """
        self._recipe, self._data, self._places, self._plan = recipe, data, places, plan
        self._device, self._watch, self._watch_stage, self._weigh = device, watch, watch_stage, weigh
        self._beside = replace(plan, seeds=plan.seeds[:beside])
        self._parts: Sequence[Part] = read_parts(recipe, data)

    def run(self, command: str, *, defences: bool = False) -> TaskResult:
        """Train, attack and weigh everything that is not done yet; with `defences` compare those too."""
        recipe = self._recipe
        # The one that ships comes first: a study that is cut short has at least its attacks.
        found = {embedding: self._embedding(embedding) for embedding in reversed(EMBEDDINGS)}
        return TaskResult(
            task=recipe.name.removesuffix(f"-{recipe.embedding}"),
            question=recipe.task,
            labels=recipe.labels,
            split=recipe.split,
            command=command,
            machine=machine(),
            accuracy_whole=self._whole,
            embeddings=tuple(found[embedding] for embedding in EMBEDDINGS),
            layers=tuple(self._layers()),
            sweep=tuple(self._sweep()),
            defences=tuple(self._defences()) if defences else (),
        )

    @cached_property
    def _stages(self) -> Stages:
        return Stages(
            self._recipe,
            self._parts,
            folder=self._places.checkpoints,
            device=self._device,
            watch=self._watch_stage,
        )

    @cached_property
    def _whole(self) -> tuple[Accuracy, ...]:
        return measure_whole(self._recipe, self._parts, self._stages.whole())

    @cached_property
    def _held_out(self) -> Regions:
        return unseen_regions(self._parts, self._recipe)

    def _embedding(self, embedding: Embedding) -> EmbeddingResult:
        recipe = self._recipe.changed(embedding=embedding, split=None)
        manifest, path = self._bundle(recipe)
        plan = self._plan if embedding == self._recipe.embedding else self._beside
        battery = self._battery(recipe, manifest, path, plan)
        _, files = read_bundle(path)
        edge, _ = self._weigh(manifest, files[EXTRACTOR], files[ANALYZER])
        sent = victim_of_bundle(path).release(self._held_out.images)
        return EmbeddingResult(
            embedding=embedding,
            numbers=sent[0].size,
            payload_bytes=manifest.region_bytes or 0,
            payloads=payloads_of(sent),
            accuracy=manifest.accuracy,
            battery=battery,
            edge=edge,
            burden=self._burden(recipe, manifest),
            noise=tuple(noise_points(battery)),
        )

    def _layers(self) -> Iterator[LayerResult]:
        # A table to choose a layer by: one seed tells them apart.
        plan = replace(self._plan, seeds=self._plan.seeds[:1], only=_LAYER_ATTACKS)
        # Behind the last layer but one there is nothing left to cut.
        for layer in layer_names(self._stages.whole())[:-1]:
            recipe = self._recipe.changed(embedding="simple", split=layer)
            manifest, path = self._bundle(recipe, f"{recipe.name}-{layer}")
            battery = self._battery(recipe, manifest, path, plan)
            _, files = read_bundle(path)
            edge, _ = self._weigh(
                manifest, files[EXTRACTOR], files[ANALYZER], repetitions=_LAYER_REPETITIONS, torch=False
            )
            yield layer_result(
                layer, manifest, battery, edge.extractor.milliseconds_a_region, self._burden(recipe, manifest)
            )

    def _sweep(self) -> Iterator[SweepPoint]:
        network = self._stages.siamese()
        front, back = split(network, self._recipe.split)
        shown = self._held_out
        activations: Floats = compute(front, shown.images, self._recipe.input)
        for k, accuracy in sweep(back, self._stages.pca(network, _SWEPT), activations, shown.labels):
            yield SweepPoint(k=k, accuracy=round(accuracy, 4))

    def _defences(self) -> Iterator[DefenceResult]:
        return compare_defences(
            self._recipe,
            self._parts,
            self._places.checkpoints,
            device=self._device,
            watch=self._watch_stage,
            attacked=self._watch,
        )

    def _bundle(self, recipe: Recipe, name: str = "") -> tuple[Manifest, Path]:
        path = self._places.bundles / (name or recipe.name)
        stages = Stages(
            recipe, self._parts, folder=self._places.checkpoints, device=self._device, watch=self._watch_stage
        )
        return write_halves(recipe, self._parts, stages.halves(recipe.embedding), self._whole, path), path

    def _battery(self, recipe: Recipe, manifest: Manifest, path: Path, plan: Plan) -> Battery:
        target = Target(manifest.bundle_id, victim_of_bundle(path), self._device)
        return run_battery(
            target, self._material(recipe, manifest), plan, self._places.attacks, self._watch
        ).battery

    def _material(self, recipe: Recipe, manifest: Manifest) -> Material:
        return material_of(manifest, self._data, recipe)

    def _burden(self, recipe: Recipe, manifest: Manifest) -> Burden:
        layers = costs(self._stages.whole().cpu(), recipe.takes)
        names = [layer.name for layer in layers]
        edge = total(layers[: names.index(recipe.split) + 1])
        # A projection to k numbers and back is one multiply-add a weight, which the layers do not count.
        added = manifest.parameters.extractor - edge.parameters
        other = manifest.parameters.analyzer + manifest.parameters.extractor - total(layers).parameters
        return Burden(
            parameters=manifest.parameters.extractor,
            parameters_whole=manifest.parameters.extractor + manifest.parameters.analyzer,
            multiply_adds=edge.multiply_adds + added,
            multiply_adds_whole=total(layers).multiply_adds + other,
        )


def layer_result(
    layer: str, manifest: Manifest, battery: Battery, milliseconds: float, burden: Burden
) -> LayerResult:
    """Give one line of the table by split layer.

    Raises:
        ValueError: the battery did not reconstruct.
    """
    if battery.accuracy is None or battery.strongest_ssim is None or battery.over_floor is None:
        raise ValueError(f"{layer}: the battery has no reconstruction or no accuracy")
    output = manifest.output
    return LayerResult(
        layer=layer,
        numbers=output.numbers if output else 0,
        payload_bytes=manifest.region_bytes or 0,
        accuracy=battery.accuracy,
        ssim=battery.strongest_ssim,
        ssim_over_floor=battery.over_floor,
        identity_rank1=battery.identity_rank1,
        rank_privacy=battery.rank_privacy,
        milliseconds_a_region=milliseconds,
        burden=burden,
    )


def noise_points(battery: Battery) -> Iterator[NoisePoint]:
    """Give the curve over added noise that the battery's rank attack drew, by growing variance."""
    record = next((found for name in _RANK if (found := battery.record(name)) is not None), None)
    if record is None or battery.identity_rank1 is None:
        return
    variances = record.settings.get("variances", [])
    shares = record.settings.get("noise", [])
    if not isinstance(variances, list) or not isinstance(shares, list):
        return
    for share, variance in zip(shares, variances, strict=True):
        tail = f"/{share:g}" if share else ""
        figures = [record.figures.get(f"{name}{tail}") for name in ("accuracy", "privacy", "rank1")]
        if None not in figures:
            accuracy, privacy, rank1 = (figure.value for figure in figures if figure is not None)
            yield NoisePoint(
                variance=float(variance or 0), accuracy=accuracy, rank_privacy=privacy, rank1=rank1
            )


def machine() -> str:
    """Say on what the figures were taken."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{platform.machine()}, {torch.get_num_threads()} threads{gpu}, torch {version('torch')}"
