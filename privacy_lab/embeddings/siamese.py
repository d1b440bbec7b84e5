"""Siamese fine-tuning: draw similar regions' activations together at the cut (Osia et al., section 4.2)."""

from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import named, part
from privacy_lab.devices import CPU, batch_of
from privacy_lab.embeddings.examples import RegionExamples
from privacy_lab.embeddings.similarity import Similar, Similarity
from privacy_lab.networks.cut import split
from privacy_lab.optimising import memory_of, recall
from privacy_lab.recipe import SiameseSpec
from privacy_lab.training import evaluate

EVERY: Final = 250
"""Iterations between two checkpoints: one epoch of the run."""


def contrastive_loss(d: Tensor, y: Tensor, margin: float) -> Tensor:
    """Give L_con = 1/(2N) sum [y d^2 + (1 - y) max(margin - d, 0)^2] for N pairs.

    Args:
        d: Distances [N] of the pairs' flattened activations at the cut.
        y: 1 where a pair is similar, else 0; [N].
        margin: How far apart dissimilar pairs are pushed.
    """
    return (y * d**2 + (1 - y) * functional.relu(margin - d) ** 2).sum() / (2 * len(d))


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Give the Euclidean distance [N] of activations [N, ...], flattened; its gradient is finite at 0."""
    squared = (a - b).flatten(1).pow(2).sum(dim=1)
    return torch.sqrt(squared + 1e-12)


def mine(y: Similar, pairs: int, random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each of a batch's first `pairs` items with another: alternately a similar and a dissimilar one.

    Where the batch has none of that kind, the other kind is taken. Gives indices a and b, int64 [pairs].
    """
    a = np.arange(min(pairs, len(y)))
    wanted = y[a] == (a % 2 == 0)[:, None]  # [pairs, n]
    others = ~np.eye(len(y), dtype=bool)[a]
    # The highest of random numbers among the wanted is a fair choice of one of them, for all rows at once.
    order = random.random(wanted.shape) + 2.0 * (wanted & others) + others
    return a, order.argmax(axis=1)


@final
class Siamese:
    """Learns L = CE(a) + CE(b) + weight L_con by momentum, the last layer faster; see `Learner`.

    Normalisation keeps the statistics it has: batches of the published ten pairs say too little.
    """

    def __init__(
        self,
        network: nn.Sequential,
        at: str,
        examples: RegionExamples,
        spec: SiameseSpec,
        *,
        similar: Similarity,
        seed: int,
        device: torch.device = CPU,
    ) -> None:
        self._network = network.to(device)
        self._front, self._back = split(network, at)
        self._examples, self._spec, self._similar = examples, spec, similar
        self._seed, self._device = seed, device
        self._optimizer = torch.optim.SGD(_groups(network, spec), lr=spec.rate, momentum=spec.momentum)

    @property
    def epochs(self) -> int:
        """How many epochs of `EVERY` iterations hold the recipe's iterations."""
        return -(-self._spec.iterations // EVERY)

    def learn(self, epoch: int) -> None:
        """See `Learner`."""
        self._network.eval()
        random = np.random.default_rng([self._seed, epoch])
        last = min(self._spec.iterations, (epoch + 1) * EVERY)
        for _ in range(epoch * EVERY, last):
            batch = random.integers(0, len(self._examples.regions), 2 * self._spec.pairs)
            loss = self._loss(batch, random)
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()

    def judge(self) -> float:
        """See `Learner`; the primary task's cross-entropy alone."""
        return evaluate(self._network, self._examples.validation(), self._device)

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._network.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return named("network", self._network.state_dict()) | named("optimizer", memory_of(self._optimizer))

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._network.load_state_dict(part(tensors, "network"))
        recall(self._optimizer, part(tensors, "optimizer"))

    def _loss(self, batch: NDArray[np.int64], random: np.random.Generator) -> Tensor:
        similar = self._similar(batch)
        a, b = mine(similar, self._spec.pairs, random)
        x = self._front(batch_of(self._examples.views(batch, random), self._device))
        labels = torch.from_numpy(self._examples.regions.labels[batch]).to(self._device)
        ce = functional.cross_entropy(self._back(x), labels, reduction="none")
        y = torch.from_numpy(similar[a, b].astype(np.float32)).to(self._device)
        l_con = contrastive_loss(distance(x[a], x[b]), y, self._spec.margin)
        return ce[a].mean() + ce[b].mean() + self._spec.weight * l_con


def _groups(network: nn.Sequential, spec: SiameseSpec) -> list[dict[str, object]]:
    layers = list(network.children())
    below = [p for layer in layers[:-1] for p in layer.parameters()]
    return [
        {"params": below, "lr": spec.rate},
        {"params": list(layers[-1].parameters()), "lr": spec.rate * spec.head},
    ]
