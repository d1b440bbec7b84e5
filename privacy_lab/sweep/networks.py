"""The networks of a sweep: fronts, what answers without noise, what learnt under it; each trained once."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch
from torch import nn

from models.manifest import NoiseSpec
from privacy_lab.attacks.placing import placed
from privacy_lab.checkpoints import Progress
from privacy_lab.networks.build import build
from privacy_lab.networks.cut import split
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.noise.guard import Guard
from privacy_lab.noise.ours import Bounded, Ours, OursSettings, Parted
from privacy_lab.noise.plain import Plain, PlainSettings
from privacy_lab.noise.released import Noisy, laplace_output, median_norm, noisy
from privacy_lab.noise.training import Arden, ArdenSettings
from privacy_lab.recipe import digest_of
from privacy_lab.sweep.material import Material, Materials
from privacy_lab.sweep.plan import Task, Trained
from privacy_lab.sweep.recipe import Budget, Learning, SweepRecipe
from privacy_lab.training import Learner, run

Tell = Callable[[str, int, Progress], None]
"""Told after each epoch: what learns, for how many epochs, and how far it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Both halves of a network, without noise, set to answer."""

    front: nn.Module
    back: nn.Module


@dataclass(frozen=True, slots=True, eq=False)
class UnderNoise:
    """Both halves as they were trained under noise, what stands between them, and the digest of it all."""

    front: nn.Module
    back: nn.Module
    around: Noisy
    key: str


@final
class Networks:
    """Trains what a point needs, and takes from the folder of checkpoints what is there already."""

    def __init__(
        self,
        recipe: SweepRecipe,
        budget: Budget,
        materials: Materials,
        *,
        folder: Path,
        device: torch.device,
        tell: Tell = lambda _what, _epochs, _progress: None,
    ) -> None:
        """Take what to train from, and the folder of what is trained already."""
        self._recipe, self._budget, self._materials = recipe, budget, materials
        self._folder, self._device, self._tell = folder, device, tell
        width = recipe.network.width * budget.width
        self._spec = NetworkSpec(recipe.network.name, recipe.network.widths, recipe.network.strides, width)

    def front_name(self, data_set: str, method: Trained) -> str:
        """Say on which set the front of another was pre-trained; empty where it learns on its own."""
        spec = self._recipe.set_spec(data_set)
        return self._materials.front_of(spec).name if method == "arden" else ""

    def key(self, task: Task) -> str:
        """Give the digest of everything that the networks of a point depend on."""
        recipe, learning = self._recipe, self._learning(task)
        more = (recipe.eta, recipe.bound_pictures) if task.method == "arden" else (recipe.ours,)
        plain = self._plain_key(task.data_set, task.case, task.seed, task.method)
        layer = recipe.layer(task.case)
        return digest_of(task.method, plain, layer, task.epsilon, learning, recipe.nullified, more)

    def pretrain(self, task: Task) -> None:
        """Train the front that a point's own is cut from, where it learns on another set."""
        if task.method == "arden":
            self._pretrained(task.data_set)

    def shared_keys(self, task: Task) -> tuple[str, str]:
        """Give the digests of the pre-trained front and of the network without noise."""
        front = ""
        if task.method == "arden":
            front = self._front_key(self._materials.front_of(self._recipe.set_spec(task.data_set)))
        return front, self._plain_key(task.data_set, task.case, task.seed, task.method)

    def front_key(self, task: Task) -> str:
        """Give the digest of everything that a point's bounded, clean numbers depend on, the front frozen."""
        recipe = self._recipe
        plain = self._plain_key(task.data_set, task.case, task.seed, task.method)
        return digest_of(plain, recipe.layer(task.case), recipe.bound_pictures, recipe.nullified)

    def plain(self, data_set: str, case: int, seed: int, method: Trained) -> Halves:
        """Give halves that answer without noise: behind a frozen front (arden), or all learnt (ours)."""
        material, recipe = self._materials.of(data_set), self._recipe
        whole = self._fresh(material.labels, seed)
        if method == "ours":
            self._fit("plain", whole, material, self._plain_key(data_set, case, seed, method), seed)
            return Halves(*map(_answering, split(whole, recipe.layer(case))))
        pretrained, _ = split(self._pretrained(data_set), recipe.layer(case))
        _, back = split(whole, recipe.layer(case))
        front = _answering(pretrained)
        key = self._plain_key(data_set, case, seed, method)
        self._fit("plain", back, material, key, seed, front=front)
        return Halves(front, _answering(back))

    def around(self, front: nn.Module, data_set: str, epsilon: float) -> Noisy:
        """Put Lap(2B/ε) behind a front, B being the median of ‖f(x)‖∞ over training pictures."""
        shown = self._materials.batches(self._materials.of(data_set).train, 1, 0)
        bound = median_norm(front, shown, self._recipe.bound_pictures)
        x, _ = next(shown.plain(1))
        with torch.no_grad():
            shape = tuple(front(x).shape[1:])
        noise = NoiseSpec(
            mechanism="laplace",
            bound=bound,
            epsilon_per_coordinate=epsilon,
            nullified=self._recipe.nullified,
        )
        return noisy(noise, laplace_output(shape, bound, epsilon))

    def under_noise(self, task: Task) -> UnderNoise:
        """Give the halves of a point, trained under its noise."""
        plain = self.plain(task.data_set, task.case, task.seed, task.method)
        around, key = self.around(plain.front, task.data_set, task.epsilon), self.key(task)
        learning = self._learning(task)
        back = copy.deepcopy(plain.back)
        if task.method == "arden":
            learner: Learner = self._arden(task, plain.front, back, around, learning)
            self._run(task.title, learner, learning.epochs, key, back)
            return UnderNoise(plain.front, _answering(back), around, key)
        bound = around.noise.bound or 0.0
        parted = Parted(nn.Sequential(copy.deepcopy(plain.front), Bounded(bound)), back, around)
        learner = self._ours(task, parted, plain, around, learning)
        self._run(task.title, learner, learning.epochs, key, parted)
        return UnderNoise(_answering(parted.front), _answering(parted.back), around, key)

    def _arden(
        self, task: Task, front: nn.Module, back: nn.Module, around: Noisy, learning: Learning
    ) -> Arden:
        material, spec = self._materials.of(task.data_set), self._recipe.set_spec(task.data_set)
        return Arden(
            front,
            placed(back, self._device),
            around,
            examples=self._materials.batches(material.train, learning.batch, task.seed, spec),
            judged=self._materials.batches(material.judged, 1, 0),
            settings=ArdenSettings(mix=spec.mix, eta=self._recipe.eta, rate=learning.rate),
            seed=task.seed,
        )

    def _ours(self, task: Task, parted: Parted, plain: Halves, around: Noisy, learning: Learning) -> Ours:
        material, spec, ours = (
            self._materials.of(task.data_set),
            self._recipe.set_spec(task.data_set),
            self._recipe.ours,
        )
        size = (self._recipe.input.height, self._recipe.input.width)
        guard = Guard(
            around.output.shape, size, width=ours.guard, sigma=around.twin.sigma, device=self._device
        )
        return Ours(
            placed(parted, self._device),
            around,
            examples=self._materials.batches(material.train, learning.batch, task.seed, spec),
            judged=self._materials.batches(material.judged, 1, 0),
            teacher=nn.Sequential(plain.front, plain.back),
            guard=guard if ours.decoder else None,
            settings=OursSettings(
                epochs=learning.epochs,
                rate=learning.rate,
                teacher=ours.teacher,
                smoothing=ours.smoothing,
                weight_decay=ours.weight_decay,
                average=ours.average,
                guard=ours.decoder,
            ),
            seed=task.seed,
        )

    def _learning(self, task: Task) -> Learning:
        if task.method == "ours":
            return self._budget.ours
        return self._budget.noisy or self._recipe.set_spec(task.data_set).published

    def _pretrained(self, data_set: str) -> nn.Sequential:
        """Give the network that the front is cut from, trained on another set."""
        material = self._materials.front_of(self._recipe.set_spec(data_set))
        whole = self._fresh(material.labels, self._recipe.seed)
        self._fit("front", whole, material, self._front_key(material), self._recipe.seed)
        return whole

    def _fit(
        self,
        what: str,
        back: nn.Module,
        material: Material,
        key: str,
        seed: int,
        *,
        front: nn.Module | None = None,
    ) -> None:
        learning = self._budget.front if what == "front" else self._budget.plain
        views = self._recipe.sets.get(material.name)
        learner = Plain(
            front or nn.Identity(),
            placed(back, self._device),
            examples=self._materials.batches(material.train, learning.batch, seed, views),
            judged=self._materials.batches(material.judged, 1, 0),
            settings=PlainSettings(learning.epochs, learning.rate),
        )
        self._run(f"{material.name}, {what}", learner, learning.epochs, key, back)

    def _run(self, what: str, learner: Learner, epochs: int, key: str, network: nn.Module) -> None:
        file = self._folder / f"{key}.safetensors"
        _, weights = run(
            learner,
            epochs=epochs,
            recipe=key,
            checkpoint=file,
            watch=lambda progress: self._tell(what, epochs, progress),
        )
        network.load_state_dict(weights)

    def _fresh(self, labels: int, seed: int) -> nn.Sequential:
        torch.manual_seed(seed)
        return placed(build(self._spec, self._recipe.takes, labels), self._device)

    def _front_key(self, material: Material) -> str:
        recipe, views = self._recipe, self._recipe.sets.get(material.name)
        how = (views.flip, views.shift, views.cutout) if views else ()
        return digest_of(
            "front", self._spec, recipe.input, material.sha256, recipe.data, self._budget.pictures,
            self._budget.front, how, recipe.seed,
        )  # fmt: skip

    def _plain_key(self, data_set: str, case: int, seed: int, method: Trained) -> str:
        recipe, spec, material = self._recipe, self._recipe.set_spec(data_set), self._materials.of(data_set)
        front = ""
        if method == "arden":
            front = self._front_key(self._materials.front_of(spec)) + recipe.layer(case)
        return digest_of(
            "plain", method, front, self._spec, recipe.input, material.sha256, recipe.data,
            self._budget.pictures, self._budget.plain, (spec.flip, spec.shift, spec.cutout), seed,
        )  # fmt: skip


def _answering(network: nn.Module) -> nn.Module:
    return network.eval()
