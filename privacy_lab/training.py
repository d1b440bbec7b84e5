"""Fit a network to labelled pictures: seeded, resumable, stopped once it gets no better."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import Progress, load_checkpoint, named, part, save_checkpoint
from privacy_lab.devices import CPU, Precision, batch_of, half_precision
from privacy_lab.errors import BadCheckpoint
from privacy_lab.optimising import Averaged
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


class Learner(Protocol):
    """What learns epoch by epoch, and can be taken up where it stood."""

    def learn(self, epoch: int) -> None:
        """Learn one epoch; the same number from the same state leads to the same state."""

    def judge(self) -> float:
        """Give the validation loss of what `weights` would leave behind now."""

    def weights(self) -> dict[str, Tensor]:
        """Give what the run leaves behind if it ends here."""

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that the rest of the run depends on, by name."""

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""


def run(
    learner: Learner,
    *,
    epochs: int,
    recipe: str,
    patience: int | None = None,
    checkpoint: Path | None = None,
    watch: Watch = lambda _: None,
) -> tuple[Progress, dict[str, Tensor]]:
    """Let a learner learn; give the weights of its best epoch, or of its last where `patience` is None.

    With a `checkpoint` file the run is saved after each epoch and taken up from there: an interrupted run
    ends as one that was not. It stops after `patience` epochs without a better validation loss.

    Raises:
        BadCheckpoint: the file is damaged, or of another `recipe` digest.
    """
    progress, best = Progress(recipe), learner.weights()
    stored = load_checkpoint(checkpoint, recipe) if checkpoint else None
    if stored:
        progress, best = stored[0], part(stored[1], "best")
        _take_up(learner, part(stored[1], "learner"), checkpoint)
    while progress.epoch < epochs and not _given_up(progress, patience):
        learner.learn(progress.epoch)
        if progress.note(learner.judge()) or patience is None:
            best = {name: tensor.clone() for name, tensor in learner.weights().items()}
        if checkpoint:
            save_checkpoint(checkpoint, progress, named("learner", learner.tensors()) | named("best", best))
        watch(progress)
    return progress, best


def fit(
    network: nn.Module,
    examples: Examples,
    spec: TrainingSpec,
    *,
    recipe: str,
    checkpoint: Path | None = None,
    watch: Watch = lambda _: None,
    device: torch.device = CPU,
) -> Progress:
    """Train `network` in place and leave it with the averaged weights of its best epoch; as `run`.

    Raises:
        BadCheckpoint: as `run`.
    """
    learner = Supervised(network, examples, spec, device)
    progress, best = run(
        learner, epochs=spec.epochs, patience=spec.patience, recipe=recipe, checkpoint=checkpoint, watch=watch
    )
    network.load_state_dict(best)
    network.eval()
    return progress


@final
class Supervised:
    """Learns labels by cross-entropy; see `Learner`."""

    def __init__(
        self, network: nn.Module, examples: Examples, spec: TrainingSpec, device: torch.device = CPU
    ) -> None:
        # The two type stubs of `to` do not know each other.
        network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._run = Averaged(
            network,
            rate=spec.rate,
            weight_decay=spec.weight_decay,
            average=spec.average,
            steps=spec.epochs * examples.steps,
        )
        self._examples, self._spec, self._device = examples, spec, device

    def learn(self, epoch: int) -> None:
        """See `Learner`."""
        network, spec = self._run.network, self._spec
        network.train()
        for step, (pictures, labels) in enumerate(self._examples.epoch(epoch), epoch * self._examples.steps):
            with half_precision(self._device, spec.precision):
                scores = network(batch_of(pictures, self._device))
            y = torch.from_numpy(labels).to(self._device)
            loss = functional.cross_entropy(scores.float(), y, label_smoothing=spec.smoothing)
            self._run.descend(loss, step)

    def judge(self) -> float:
        """See `Learner`."""
        return evaluate(self._run.mean, self._examples.validation(), self._device, self._spec.precision)

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.mean.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.tensors()

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._run.restore(tensors)


@torch.no_grad()
def evaluate(
    network: nn.Module, batches: Iterator[Batch], device: torch.device = CPU, precision: Precision = "float32"
) -> float:
    """Give the mean cross-entropy over all items of the batches."""
    network.eval()
    total, count = 0.0, 0
    for pictures, labels in batches:
        with half_precision(device, precision):
            scores = network(batch_of(pictures, device)).float()
        y = torch.from_numpy(labels).to(device)
        total += float(functional.cross_entropy(scores, y, reduction="sum"))
        count += len(labels)
    return total / max(count, 1)


def _take_up(learner: Learner, tensors: dict[str, Tensor], file: Path | None) -> None:
    try:
        learner.restore(tensors)
    except (RuntimeError, KeyError, ValueError) as error:
        raise BadCheckpoint(f"{file}: does not fit what is trained. Delete it to start again.") from error


def _given_up(progress: Progress, patience: int | None) -> bool:
    return patience is not None and progress.epoch - progress.best_epoch >= patience
