"""Training without noise: of a whole network, or of a remote part behind a frozen front."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.devices import Precision, half_precision
from privacy_lab.noise.batches import Batches
from privacy_lab.noise.released import right_of
from privacy_lab.optimising import Averaged


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """How to learn; the rate rises, and falls to its end over all epochs."""

    epochs: int
    rate: float
    weight_decay: float = 0.02
    smoothing: float = 0.05
    average: float = 0.995
    precision: Precision = "bfloat16"


@final
class Plain:
    """Learns labels by cross-entropy; see `privacy_lab.training.Learner`."""

    def __init__(
        self,
        front: nn.Module,
        back: nn.Module,
        *,
        examples: Batches,
        judged: Batches,
        settings: PlainSettings,
    ) -> None:
        """Learn `back`; `front` stays as it is, and is `nn.Identity()` where a whole network learns."""
        self._front, self._back = front.eval(), back
        self._examples, self._judged, self._settings = examples, judged, settings
        self._run = Averaged(
            back,
            rate=settings.rate,
            weight_decay=settings.weight_decay,
            average=settings.average,
            steps=settings.epochs * examples.steps,
        )

    def learn(self, epoch: int) -> None:
        """See `Learner`."""
        self._back.train()
        for step, (x, y) in enumerate(self._examples.epoch(epoch), epoch * self._examples.steps):
            with half_precision(x.device, self._settings.precision):
                with torch.no_grad():
                    z = self._front(x)
                logits = self._back(z)
            loss = functional.cross_entropy(logits.float(), y, label_smoothing=self._settings.smoothing)
            self._run.descend(loss, step)

    def judge(self) -> float:
        """See `Learner`; the share of pictures that is answered wrongly."""
        right, _ = right_of(self._front, self._run.mean, None, self._judged)
        return 1.0 - float(right.mean())

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.mean.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.tensors()

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._run.restore(tensors)
