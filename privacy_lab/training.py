"""Fit a network to labelled pictures: seeded, resumable, stopped once it gets no better."""

import copy
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import Progress, load_checkpoint, named, part, save_checkpoint
from privacy_lab.recipe import TrainingSpec

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
Watch = Callable[[Progress], None]


class Examples(Protocol):
    """What a network is fitted to: batches of float32 [n, 3, h, w] with their labels [n]."""

    @property
    def steps(self) -> int:
        """How many batches one epoch has."""

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the training batches of one epoch; the same number, the same batches."""

    def validation(self) -> Iterator[Batch]:
        """Give the batches that decide when to stop; the same each time."""


@final
class Fit:
    """One training run: the network, the running mean of its weights, and the optimizer's memory."""

    def __init__(self, network: nn.Module, spec: TrainingSpec) -> None:
        self.network = network
        self.mean = copy.deepcopy(network)
        self.best = copy.deepcopy(network).state_dict()
        self._spec = spec
        self._optimizer = torch.optim.AdamW(_groups(network, spec), lr=spec.rate)

    def run_epoch(self, batches: Iterator[Batch], first_step: int, all_steps: int) -> None:
        """Learn from each batch once; steps are counted over the whole run for the schedule."""
        self.network.train()
        for step, (pictures, labels) in enumerate(batches, first_step):
            for group in self._optimizer.param_groups:
                group["lr"] = self._spec.rate * schedule(step, all_steps)
            scores = self.network(torch.from_numpy(pictures))
            loss = functional.cross_entropy(
                scores, torch.from_numpy(labels), label_smoothing=self._spec.smoothing
            )
            self._optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
            self._follow(step)

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that the rest of the run depends on, by name."""
        memory = {
            f"{number}.{name}": value
            for number, state in self._optimizer.state_dict()["state"].items()
            for name, value in state.items()
        }
        weights = {"network": self.network.state_dict(), "mean": self.mean.state_dict(), "best": self.best}
        return named("optimizer", memory) | {
            name: tensor for prefix, state in weights.items() for name, tensor in named(prefix, state).items()
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        self.network.load_state_dict(part(tensors, "network"))
        self.mean.load_state_dict(part(tensors, "mean"))
        self.best = part(tensors, "best")
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in part(tensors, "optimizer").items():
            number, what = name.split(".", maxsplit=1)
            state.setdefault(int(number), {})[what] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})

    @torch.no_grad()
    def _follow(self, step: int) -> None:
        # Early on the mean follows closely, or it would remember the random start for long.
        keep = min(self._spec.average, (1 + step) / (10 + step))
        for mean, now in zip(
            self.mean.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


def fit(
    network: nn.Module,
    examples: Examples,
    spec: TrainingSpec,
    *,
    recipe: str,
    checkpoint: Path | None = None,
    watch: Watch = lambda _: None,
) -> Progress:
    """Train `network` in place and leave it with the averaged weights of its best epoch.

    With a `checkpoint` file the run is saved after each epoch and taken up from there: an interrupted run
    ends with the same weights as one that was not.

    Raises:
        BadCheckpoint: the file is damaged, or of another `recipe` digest.
    """
    run, progress = Fit(network, spec), Progress(recipe)
    stored = load_checkpoint(checkpoint, recipe) if checkpoint else None
    if stored:
        progress, tensors = stored
        run.restore(tensors)
    while progress.epoch < spec.epochs and progress.epoch - progress.best_epoch < spec.patience:
        all_steps = spec.epochs * examples.steps
        run.run_epoch(examples.epoch(progress.epoch), progress.epoch * examples.steps, all_steps)
        _judge(run, progress, evaluate(run.mean, examples.validation()))
        if checkpoint:
            save_checkpoint(checkpoint, progress, run.tensors())
        watch(progress)
    network.load_state_dict(run.best)
    network.eval()
    return progress


@torch.no_grad()
def evaluate(network: nn.Module, batches: Iterator[Batch]) -> float:
    """Give the mean cross-entropy over all items of the batches."""
    network.eval()
    total, count = 0.0, 0
    for pictures, labels in batches:
        scores = network(torch.from_numpy(pictures))
        total += float(functional.cross_entropy(scores, torch.from_numpy(labels), reduction="sum"))
        count += len(labels)
    return total / max(count, 1)


def schedule(step: int, steps: int) -> float:
    """Give the share of the highest rate at this step: a short rise, then a cosine down to a hundredth."""
    rise = max(1, steps // 20)
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _judge(run: Fit, progress: Progress, loss: float) -> None:
    progress.epoch += 1
    progress.losses.append(round(loss, 6))
    if loss < progress.best_loss:
        progress.best_loss, progress.best_epoch = loss, progress.epoch
        run.best = {name: tensor.clone() for name, tensor in run.mean.state_dict().items()}


def _groups(network: nn.Module, spec: TrainingSpec) -> list[dict[str, object]]:
    # Weight decay pulls at kernels only: biases and normalisation have nothing to forget.
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": spec.weight_decay}, {"params": others, "weight_decay": 0.0}]
