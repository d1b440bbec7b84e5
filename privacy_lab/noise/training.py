"""Noisy training: ARDEN's as published, in which the front stays frozen.

x is a picture, x̃ = f_θ1(x) what the frozen front makes of it, x* that under noise; f_θ2 is what learns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.checkpoints import named, part
from privacy_lab.devices import Precision, half_precision
from privacy_lab.noise.batches import Batches
from privacy_lab.noise.released import Noisy, right_of
from privacy_lab.optimising import memory_of, recall


@dataclass(frozen=True, slots=True)
class ArdenSettings:
    """ARDEN's hyper-parameters (Wang et al. 2018, section 4.3).

    Attributes:
        mix: λ, the share of the clean loss.
        eta: η, the length of the adversarial step.
        rate: Adam's.
        precision: Of the products.
    """

    mix: float
    eta: float
    rate: float
    precision: Precision = "bfloat16"


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """L1, L2 and L3, each a mean over the batch."""

    clean: Tensor
    noisy: Tensor
    adversarial: Tensor

    def mixed(self, mix: float) -> Tensor:
        """Give L = λ L1 + (1 - λ) (L2 + L3)."""
        return mix * self.clean + (1 - mix) * (self.noisy + self.adversarial)


def losses_of(back: nn.Module, clean: Tensor, sent: Tensor, y: Tensor, eta: float) -> Losses:
    """Give ARDEN's three losses of a batch.

    Args:
        back: f_θ2, from representations to logits.
        clean: x̃ [n, *shape], neither bounded nor noised.
        sent: x* [n, *shape].
        y: The labels [n].
        eta: η: the third is the loss at x* + η g / ‖g‖₂, g being the gradient of the second at x*.
    """
    there = sent.detach().requires_grad_()
    second = functional.cross_entropy(back(there).float(), y)
    (g,) = torch.autograd.grad(second, there, retain_graph=True)
    norms: Tensor = torch.linalg.vector_norm(g.flatten(1), dim=1)
    # Where the loss is flat there is no direction to go: the step is left out.
    step = eta * g / norms.clamp_min(1e-12).view(-1, *[1] * (g.dim() - 1))
    with unfollowed(back):
        third = functional.cross_entropy(back((there + step).detach()).float(), y)
        first = functional.cross_entropy(back(clean).float(), y)
    return Losses(first, second, third)


@contextmanager
def unfollowed(network: nn.Module) -> Iterator[None]:
    """Keep running means as they are inside: at run time noisy numbers alone are normalised by them."""
    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    before = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(norms, before, strict=True):
            layer.momentum = momentum


@final
class Arden:
    """Fine-tunes the remote part under noise, the front frozen; see `privacy_lab.training.Learner`."""

    def __init__(
        self,
        front: nn.Module,
        back: nn.Module,
        around: Noisy,
        *,
        examples: Batches,
        judged: Batches,
        settings: ArdenSettings,
        seed: int,
    ) -> None:
        """Take both halves, the noise between them, what to learn from and what to be judged by."""
        self._front, self._back, self._around = front.eval(), back, around
        self._examples, self._judged, self._settings, self._seed = examples, judged, settings, seed
        self._adam = torch.optim.Adam(back.parameters(), lr=settings.rate)

    def learn(self, epoch: int) -> None:
        """See `Learner`; noise and nullification are drawn anew for each picture, each time it is shown."""
        self._back.train()
        source: torch.Generator | None = None
        for x, y in self._examples.epoch(epoch):
            source = source or torch.Generator(x.device).manual_seed(104_729 * self._seed + epoch)
            with half_precision(x.device, self._settings.precision):
                with torch.no_grad():
                    clean, sent = self._front(x).float(), self._around.sent(self._front, x, source)
                losses = losses_of(self._back, clean, sent, y, self._settings.eta)
            self._adam.zero_grad(set_to_none=True)
            losses.mixed(self._settings.mix).backward()  # type: ignore[no-untyped-call]
            self._adam.step()

    def judge(self) -> float:
        """See `Learner`; the share of noisy pictures that is answered wrongly."""
        return 1.0 - float(right_of(self._front, self._back, self._around, self._judged)[0].mean())

    def weights(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return self._back.state_dict()

    def tensors(self) -> dict[str, Tensor]:
        """See `Learner`."""
        return named("back", self._back.state_dict()) | named("adam", memory_of(self._adam))

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Learner`."""
        self._back.load_state_dict(part(tensors, "back"))
        recall(self._adam, part(tensors, "adam"))
