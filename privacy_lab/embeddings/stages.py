"""The stages from a recipe to its four embeddings, each kept under what it depends on."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, final

import torch
from torch import Tensor, nn

from models.manifest import Embedding
from models.quantise import Floats
from privacy_lab.checkpoints import Progress
from privacy_lab.devices import CPU
from privacy_lab.embeddings.advanced import reduce
from privacy_lab.embeddings.answers import compute
from privacy_lab.embeddings.code import output_of
from privacy_lab.embeddings.examples import RegionExamples
from privacy_lab.embeddings.halves import Halves
from privacy_lab.embeddings.ours import Coded, Ours
from privacy_lab.embeddings.parts import Part
from privacy_lab.embeddings.pca import Pca, fit_pca
from privacy_lab.embeddings.protection import defence_of
from privacy_lab.embeddings.siamese import Siamese
from privacy_lab.embeddings.similarity import same_label
from privacy_lab.embeddings.simple import separate
from privacy_lab.networks.build import build
from privacy_lab.networks.cut import split
from privacy_lab.recipe import Recipe, digest_of
from privacy_lab.training import Watch, fit, run

Weights = dict[str, Tensor]
Stage = Literal["whole", "siamese", "ours"]
WatchStage = Callable[[Stage, int, Progress], None]
"""Told after each epoch: the stage, how many epochs it has at most, and how far it is."""

_FITTED_ON = 20_000


@final
class Stages:
    """Trains what an embedding needs, and takes from the folder of checkpoints what is there already."""

    def __init__(
        self,
        recipe: Recipe,
        parts: Sequence[Part],
        *,
        folder: Path | None,
        device: torch.device = CPU,
        watch: WatchStage = lambda _stage, _epochs, _progress: None,
    ) -> None:
        """Take the recipe and its data; without a `folder` nothing is kept.

        Raises:
            BadRecipe: the network has no layer to cut at as the recipe says.
        """
        split(self._fresh(recipe), recipe.split)  # before the long part: a wrong name fails at once
        self._recipe, self._parts = recipe, parts
        self._folder, self._device, self._watch = folder, device, watch

    @cached_property
    def examples(self) -> RegionExamples:
        """The recipe's data as batches."""
        return RegionExamples(self._parts, self._recipe)

    def whole(self) -> nn.Sequential:
        """Give the network that answers the primary task, trained."""
        return self._with(self._whole)

    def siamese(self) -> nn.Sequential:
        """Give the whole network after Siamese fine-tuning at the cut."""
        return self._with(self._siamese)

    @cached_property
    def _whole(self) -> Weights:
        recipe, key = self._recipe, self._keys["whole"]
        network, spec = self._fresh(recipe), recipe.training
        fit(
            network,
            self.examples,
            spec,
            recipe=key,
            checkpoint=self._file("whole", key),
            watch=self._told("whole", spec.epochs),
            device=self._device,
        )
        return network.state_dict()

    @cached_property
    def _siamese(self) -> Weights:
        recipe, key, network = self._recipe, self._keys["siamese"], self.whole()
        similar = same_label(self.examples.regions)
        learner = Siamese(
            network,
            recipe.split,
            self.examples,
            recipe.siamese,
            similar=similar,
            seed=recipe.training.seed,
            device=self._device,
        )
        told = self._told("siamese", learner.epochs)
        file = self._file("siamese", key)
        return run(learner, epochs=learner.epochs, recipe=key, checkpoint=file, watch=told)[1]

    def ours(self) -> Coded:
        """Give the whole network with our code at the cut, fine-tuned."""
        recipe, key, network = self._recipe, self._keys["ours"], self.whole()
        pca = self.pca(network, recipe.code.numbers)
        output, regions = output_of(recipe.code), self.examples.regions
        coded = Coded(self.whole(), recipe.split, pca, output)
        defence = defence_of(recipe.ours.defences, regions, len(recipe.labels), output, self._device)
        learner = Ours(coded, self.examples, defence, recipe, self._device, teacher=network)
        epochs, told = recipe.ours.epochs, self._told("ours", recipe.ours.epochs)
        _, weights = run(learner, epochs=epochs, recipe=key, checkpoint=self._file("ours", key), watch=told)
        coded.load_state_dict(weights)
        return coded.eval()

    def halves(self, embedding: Embedding) -> Halves:
        """Give the two halves of an embedding, trained as far as they need."""
        at = self._recipe.split
        if embedding == "ours":
            return self.ours().halves()
        network = self.whole() if embedding == "simple" else self.siamese()
        activations = self.activations(network)
        if embedding == "advanced":
            return reduce(network, at, fit_pca(activations, self._recipe.code.numbers), activations)
        return separate(network, at, activations, embedding)

    def activations(self, network: nn.Sequential) -> Floats:
        """Give the activations at the cut, [n, *shape], of the training regions as the edge cuts them.

        Where there are very many regions, evenly spaced ones among them stand for all.
        """
        images = self.examples.regions.images
        front, _ = split(network, self._recipe.split)
        return compute(front, images[:: -(-len(images) // _FITTED_ON)], self._recipe.input)

    def pca(self, network: nn.Sequential, k: int) -> Pca:
        """Fit k principal components to the network's activations at the cut."""
        return fit_pca(self.activations(network), k)

    @cached_property
    def _keys(self) -> dict[Stage, str]:
        # Everything that a stage's weights depend on, and nothing else: recipes that share it share them.
        r = self._recipe
        data = [part.data.card.sha256 for part in self._parts]
        whole = digest_of("whole", r.labels, r.region, r.input, r.network, r.data, r.views, r.training, data)
        return {
            "whole": whole,
            "siamese": digest_of("siamese", whole, r.split, r.siamese),
            "ours": digest_of("ours", whole, r.split, r.code, r.ours),
        }

    def _file(self, stage: Stage, key: str) -> Path | None:
        return self._folder / f"{stage}-{key}.safetensors" if self._folder else None

    def _told(self, stage: Stage, epochs: int) -> Watch:
        return lambda progress: self._watch(stage, epochs, progress)

    def _with(self, weights: Weights) -> nn.Sequential:
        # A network of its own each time: what one stage does to it must not reach another.
        network = self._fresh(self._recipe).to(self._device)
        network.load_state_dict(weights)
        return network.eval()

    @staticmethod
    def _fresh(recipe: Recipe) -> nn.Sequential:
        torch.manual_seed(recipe.training.seed)
        return build(recipe.network, recipe.takes, len(recipe.labels))
