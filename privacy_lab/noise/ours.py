"""Our noisy training: front and remote part learn together, through the bound and the noise."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import named, part
from privacy_lab.devices import Precision, half_precision
from privacy_lab.noise.batches import Batches
from privacy_lab.noise.draws import Source
from privacy_lab.noise.guard import Guard
from privacy_lab.noise.released import Noisy, right_of
from privacy_lab.optimising import Averaged


@dataclass(frozen=True, slots=True)
class OursSettings:
    """How to learn.

    Attributes:
        epochs: In all: the rate rises, and falls to its end over them.
        rate: The highest of AdamW.
        teacher: How much the network without noise counts, instead of the label.
        smoothing: Of the label.
        weight_decay: Of AdamW.
        average: The share kept by the running mean of the weights.
        guard: What the front pays for each unit of variance that the guard's decoder explains.
        precision: Of the products.
    """

    epochs: int
    rate: float
    teacher: float
    smoothing: float
    weight_decay: float
    average: float
    guard: float = 0.0
    precision: Precision = "bfloat16"


@final
class Bounded(nn.Module):
    """B tanh(x / B): no number passes the bound, so that none shrinks the others, as ‖x‖∞ / B would."""

    def __init__(self, bound: float) -> None:
        super().__init__()
        self.bound = bound

    def forward(self, x: Tensor) -> Tensor:
        """Give numbers in ±B."""
        return self.bound * torch.tanh(x / self.bound)


@final
class Parted(nn.Module):
    """A network with noise at its cut: `front`, the mechanism, `back`."""

    def __init__(self, front: nn.Module, back: nn.Module, around: Noisy) -> None:
        super().__init__()
        self.front, self.back, self._around = front, back, around

    def sent(self, x: Tensor, source: Source) -> Tensor:
        """Give what the cloud decodes of pictures [n, 3, h, w]; differentiable."""
        return self._around.sent(self.front, x, source)

    def forward(self, x: Tensor, source: Source = None) -> Tensor:
        """Give the logits [n, labels] of pictures under fresh noise."""
        logits: Tensor = self.back(self.sent(x, source))
        return logits


@final
class Ours:
    """Learns the labels and a teacher's answers through the noise, against a decoder; see `Learner`.

    Attributes:
        guard: The decoder; None where nobody guards the pictures.
    """

    def __init__(
        self,
        parted: Parted,
        around: Noisy,
        *,
        examples: Batches,
        judged: Batches,
        teacher: nn.Module,
        guard: Guard | None,
        settings: OursSettings,
        seed: int,
    ) -> None:
        """Take what learns, from what, who teaches it, and who guards the pictures (None: nobody)."""
        self._parted, self._around = parted, around
        self._examples, self._judged = examples, judged
        self._teacher, self.guard = teacher.eval(), guard
        self._settings, self._seed = settings, seed
        self._run = Averaged(
            parted,
            rate=settings.rate,
            weight_decay=settings.weight_decay,
            average=settings.average,
            steps=settings.epochs * examples.steps,
        )

    def learn(self, epoch: int) -> None:
        """See `Learner`."""
        self._parted.train()
        source: Source = None
        for step, (x, y) in enumerate(self._examples.epoch(epoch), epoch * self._examples.steps):
            source = source or torch.Generator(x.device).manual_seed(104_729 * self._seed + epoch)
            with half_precision(x.device, self._settings.precision):
                sent = self._parted.sent(x, source)
                logits = self._parted.back(sent).float()
            loss = self._answering(logits, x, y)
            if self.guard is None:
                self._run.descend(loss, step)
                continue
            pictures = self._examples.pictures(x)
            cost = self.guard.cost(sent.float(), pictures, y)
            self._run.descend(loss + self._settings.guard * cost, step)
            self.guard.learn(sent.detach().float(), pictures)

    def judge(self) -> float:
        """See `Learner`; the share of noisy pictures that is answered wrongly."""
        mean = self._run.mean
        if not isinstance(mean, Parted):
            raise TypeError("the running mean is not of the network that learns")
        return 1.0 - float(right_of(mean.front, mean.back, self._around, self._judged)[0].mean())

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._run.mean.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        guarded = self.guard.tensors() if self.guard is not None else {}
        return named("run", self._run.tensors()) | named("guard", guarded)

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._run.restore(part(tensors, "run"))
        if self.guard is not None:
            self.guard.restore(part(tensors, "guard"))

    def _answering(self, logits: Tensor, x: Tensor, y: Tensor) -> Tensor:
        settings = self._settings
        loss = functional.cross_entropy(logits, y, label_smoothing=settings.smoothing)
        if not settings.teacher:
            return loss
        with torch.no_grad(), half_precision(x.device, settings.precision):
            taught = self._teacher(x).float().softmax(dim=1)
        told = functional.kl_div(logits.log_softmax(dim=1), taught, reduction="batchmean")
        return (1 - settings.teacher) * loss + settings.teacher * told
