"""Our embedding: the whole network fine-tuned with a stored code at the cut, against attackers."""

from collections import OrderedDict
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.manifest import OutputSpec
from privacy_lab.checkpoints import named, part
from privacy_lab.devices import CPU, batch_of, half_precision
from privacy_lab.embeddings.code import Squeeze, expand, store
from privacy_lab.embeddings.defences import Defence, Seen
from privacy_lab.embeddings.examples import RegionExamples
from privacy_lab.embeddings.halves import Halves
from privacy_lab.embeddings.pca import Pca
from privacy_lab.networks.cut import split
from privacy_lab.optimising import Averaged
from privacy_lab.recipe import Recipe
from privacy_lab.training import evaluate


@final
class Coded(nn.Module):
    """The whole network with a code at its cut: `front`, `squeeze`, what storing does, `expand`, `back`."""

    def __init__(self, network: nn.Sequential, at: str, pca: Pca, output: OutputSpec) -> None:
        super().__init__()
        self.front, self.back = split(network, at)
        self.squeeze = Squeeze(pca)
        self.expand = expand(pca)
        self._output = output

    def encode(self, pictures: Tensor, *, soft: bool = False) -> tuple[Tensor, Tensor]:
        """Give the numbers [n, k] before and after they are stored, for pictures [n, 3, h, w]."""
        x = self.front(pictures)
        with torch.autocast(pictures.device.type, enabled=False):
            numbers = self.squeeze(x.float())
            return numbers, store(numbers, self._output, soft=soft)

    def decode(self, code: Tensor) -> Tensor:
        """Give the logits [n, labels] of a code as the cloud reads it."""
        logits: Tensor = self.back(self.expand(code))
        return logits.float()

    def forward(self, pictures: Tensor) -> Tensor:
        """Give decode(encode(pictures))."""
        return self.decode(self.encode(pictures)[1])

    def halves(self) -> Halves:
        """Give what the edge and the cloud run."""
        front = nn.Sequential(OrderedDict(layers=self.front, squeeze=self.squeeze.folded()))
        back = nn.Sequential(OrderedDict(expand=self.expand, layers=self.back))
        return Halves(front.eval(), back.eval(), self._output, "ours")


@final
class Ours:
    """Learns CE + sum of the defences' weighted costs, adversaries alternating with it; see `Learner`."""

    def __init__(
        self,
        coded: Coded,
        examples: RegionExamples,
        defence: Defence,
        recipe: Recipe,
        device: torch.device = CPU,
        *,
        teacher: nn.Module,
    ) -> None:
        """Take what learns, from what, against whom, and the `teacher`: the whole network as it was."""
        spec = recipe.ours
        self._teacher = teacher.to(device).eval()
        coded.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._coded, self._steps = coded, spec.epochs * examples.steps
        self._run = Averaged(
            coded,
            rate=spec.rate,
            weight_decay=spec.weight_decay,
            average=spec.average,
            steps=self._steps,
        )
        self._examples, self._defence, self._recipe, self._device = examples, defence, recipe, device

    def learn(self, epoch: int) -> None:
        """See `Learner`."""
        self._coded.train()
        for step, (chosen, pictures) in enumerate(
            self._examples.batches(epoch), epoch * self._examples.steps
        ):
            loss, seen = self._look(chosen, pictures, step)
            self._run.descend(loss, step)
            self._defence.learn(seen.detached())

    def judge(self) -> float:
        """See `Learner`; the primary task's cross-entropy, by the code as it is stored."""
        return evaluate(
            self._run.mean, self._examples.validation(), self._device, self._recipe.training.precision
        )

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.mean.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return named("run", self._run.tensors()) | named("defence", self._defence.tensors())

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._run.restore(part(tensors, "run"))
        self._defence.restore(part(tensors, "defence"))

    def _look(
        self, chosen: NDArray[np.int64], pictures: NDArray[np.float32], step: int
    ) -> tuple[Tensor, Seen]:
        spec, ours, regions = self._recipe.training, self._recipe.ours, self._examples.regions
        x = batch_of(pictures, self._device)
        labels, identities = (
            torch.from_numpy(some[chosen]).to(self._device) for some in (regions.labels, regions.identities)
        )
        with half_precision(self._device, spec.precision):
            numbers, code = self._coded.encode(x, soft=step < ours.soft * self._steps)
            logits = self._coded.decode(code)
            with torch.no_grad():
                taught = self._teacher(x).float()
        seen = Seen(x, numbers, code, labels, identities)
        ce = functional.cross_entropy(logits, labels, label_smoothing=spec.smoothing)
        kl = functional.kl_div(logits.log_softmax(1), taught.softmax(1), reduction="batchmean")
        risen = min(1.0, (step + 1) / max(1.0, ours.rise * self._steps))
        return (1 - ours.teacher) * ce + ours.teacher * kl + risen * self._defence.cost(seen), seen
