"""The study of one task: four embeddings trained, attacked and weighed side by side, and every split layer.

Simple, Siamese, advanced and ours share one whole network, the same attacks and the same pictures, so that
what differs between their figures is the embedding alone (Osia et al., section 5 and figure 5).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol, final

import torch

from models.certificate import Certificate, EdgeCost, Interval, encode_certificate
from models.manifest import ANALYZER, CERTIFICATE, EXTRACTOR, Accuracy, Embedding, Manifest
from models.quantise import Floats
from models.reading import read_bundle
from models.writer import write_bundle
from privacy_lab.assemble import measure_whole, write_halves
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.battery.run import Outcome, WatchAll, run_battery, unseen
from privacy_lab.certify.build import build_certificate
from privacy_lab.certify.edge_cost import edge_cost
from privacy_lab.certify.facts import PageFacts
from privacy_lab.data.dataset import Regions
from privacy_lab.data.material import material_of
from privacy_lab.embeddings.advanced import sweep
from privacy_lab.embeddings.answers import compute
from privacy_lab.embeddings.parts import Part, read_parts, unseen_regions
from privacy_lab.embeddings.stages import Stages, WatchStage
from privacy_lab.errors import MeasureFailed
from privacy_lab.networks.cost import costs, total
from privacy_lab.networks.cut import layer_names, split
from privacy_lab.recipe import Recipe
from privacy_lab.study.defences import compare_defences
from privacy_lab.study.lines import layer_result, machine, noise_points
from privacy_lab.study.page import side_by_side
from privacy_lab.study.payloads import payloads_of
from privacy_lab.study.results import (
    Burden,
    DefenceResult,
    EmbeddingResult,
    LayerResult,
    SweepPoint,
    TaskResult,
)

EMBEDDINGS: Final[tuple[Embedding, ...]] = ("simple", "siamese", "advanced", "ours")
_LAYER_REPETITIONS: Final = 3
_LAYER_PICTURES: Final = 15_000
_LAYER_ATTACKS: Final = ("decoder", "retrieval-within-label", "rank-privacy")
_SWEPT: Final = 16


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
        self._outcomes: dict[str, Outcome] = {}
        self._certified: tuple[Manifest, Certificate] | None = None

    def page(self, task: TaskResult) -> PageFacts:
        """Give what the certificate's page says of all embeddings side by side, once `run` is through.

        Raises:
            MeasureFailed: nothing was run.
        """
        if self._certified is None:
            raise MeasureFailed("the study has not been run, so there is nothing to show")
        return side_by_side(*self._certified, task, self._outcomes)

    def run(self, command: str, *, defences: bool = False) -> TaskResult:
        """Train, attack and weigh everything that is not done yet; with `defences` compare those too.

        The recipe's own embedding is certified, in the folder of bundles.
        """
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
        outcome = self._attack(recipe, manifest, path, plan)
        battery = outcome.battery
        _, files = read_bundle(path)
        edge, intervals = self._weigh(manifest, files[EXTRACTOR], files[ANALYZER])
        self._outcomes[embedding] = outcome
        if embedding == self._recipe.embedding:
            certificate = build_certificate(manifest, battery, edge, intervals)
            halves = {name: files[name] for name in (EXTRACTOR, ANALYZER)}
            write_bundle(path, manifest, halves | {CERTIFICATE: encode_certificate(certificate)})
            self._certified = manifest, certificate
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
        # A table to choose a layer by: one seed and a briefer decoder tell them apart.
        settings = self._plan.settings
        pictures = min(_LAYER_PICTURES, settings.decoder.pictures)
        brief = replace(settings, decoder=replace(settings.decoder, pictures=pictures))
        plan = replace(self._plan, seeds=self._plan.seeds[:1], only=_LAYER_ATTACKS, settings=brief)
        # Behind the last layer but one there is nothing left to cut.
        for layer in layer_names(self._stages.whole())[:-1]:
            recipe = self._recipe.changed(embedding="simple", split=layer)
            manifest, path = self._bundle(recipe, f"{recipe.name}-{layer}")
            battery = self._attack(recipe, manifest, path, plan).battery
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
        halves = stages.halves(recipe.embedding)
        ships = recipe == self._recipe
        return write_halves(recipe, self._parts, halves, self._whole, path, floors_bind=ships), path

    def _attack(self, recipe: Recipe, manifest: Manifest, path: Path, plan: Plan) -> Outcome:
        target = Target(manifest.bundle_id, victim_of_bundle(path), self._device)
        material = material_of(manifest, self._data, recipe)
        return run_battery(target, material, plan, self._places.attacks, self._watch)

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
