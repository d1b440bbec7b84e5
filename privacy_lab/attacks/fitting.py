"""Teach a network to turn codes into pictures: a fixed budget, stopped by pictures set aside."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.quantise import Floats
from privacy_lab.attacks.placing import device_of
from privacy_lab.attacks.sight import Images, Watch
from privacy_lab.attacks.structure import structural_similarity
from privacy_lab.checkpoints import named, part
from privacy_lab.devices import Precision, half_precision
from privacy_lab.optimising import memory_of, recall

_AT_ONCE: Final = 128

Schedule = Callable[[int, int], float]
"""From the step and the number of steps to the share of the highest learning rate."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Codes, float32 [n, …], and the regions they came from, uint8 [n, h, w, 3].

    With `redraw` the codes are clean, and that makes of some of them what is released: anew at each call, so
    that no noise is learnt by heart.
    """

    codes: Tensor
    regions: Tensor
    redraw: Callable[[Tensor], Tensor] | None = None

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.codes)

    def released(self) -> Tensor:
        """Give the codes as they are released, once."""
        return self.codes if self.redraw is None else self.redraw(self.codes)


@dataclass(frozen=True, slots=True)
class Budget:
    """How long and how fast to learn.

    Attributes:
        pictures: How many pictures are shown in all, repetitions counted.
        epochs: Each picture is shown at most this often.
        batch: Pictures a step.
        rate: The highest learning rate of Adam.
        weight_decay: As AdamW defines it.
        patience: Epochs without a better validation error before it stops.
        precision: Of the products; weights are float32 always.
        structure: Weight of 1 - SSIM beside the mean squared error, in learning and in stopping.
    """

    pictures: int
    epochs: int
    batch: int
    rate: float
    weight_decay: float
    patience: int
    precision: Precision
    structure: float = 0.0


class Keeping(Protocol):
    """Where a fit stands, kept from one run to the next."""

    def load(self) -> tuple[list[float], dict[str, Tensor]] | None:
        """Give what was saved last; None where nothing was."""
        ...

    def save(self, losses: list[float], tensors: dict[str, Tensor]) -> None:
        """Keep this in the place of what was saved before."""
        ...


@final
class _Run:
    """A fit under way: the network, the best weights so far, and all that decides what comes next."""

    def __init__(self, network: nn.Module, budget: Budget, seed: int) -> None:
        self._network = network
        self.draw = torch.Generator().manual_seed(seed)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=budget.rate, weight_decay=budget.weight_decay
        )
        self.best = copy.deepcopy(network.state_dict())

    def note(self, losses: list[float]) -> None:
        """Keep these weights if they err least so far."""
        if losses[-1] <= min(losses):
            self.best = copy.deepcopy(self._network.state_dict())

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that the rest of the fit depends on, by name."""
        return (
            named("network", self._network.state_dict())
            | named("best", self.best)
            | named("optimizer", memory_of(self.optimizer))
            | {"draw": self.draw.get_state(), "noise": torch.get_rng_state()}
        )

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        self._network.load_state_dict(part(tensors, "network"))
        self.best = part(tensors, "best")
        recall(self.optimizer, part(tensors, "optimizer"))
        self.draw.set_state(tensors["draw"])
        torch.set_rng_state(tensors["noise"])


def fit(
    network: nn.Module,
    pairs: Pairs,
    aside: Pairs,
    budget: Budget,
    schedule: Schedule,
    *,
    seed: int,
    watch: Watch,
    keep: Keeping | None = None,
) -> tuple[float, ...]:
    """Lower the budget's error; the network is left with the weights that erred least on `aside`.

    Its first weights are among those compared: a network that can only get worse stays as it was. What is
    taken up from `keep`, epoch by epoch, ends where a fit without interruption would.

    Returns:
        The errors on `aside` as `error_of` gives them, before the first epoch and after each.
    """
    run, losses = _Run(network, budget, seed), [error_of(network, aside, budget)]
    kept = keep.load() if keep is not None else None
    if kept is not None:
        losses, tensors = kept
        run.restore(tensors)
    epochs = max(1, min(budget.epochs, round(budget.pictures / len(pairs))))
    for epoch in range(len(losses) - 1, epochs):
        if len(losses) - 1 - losses.index(min(losses)) >= budget.patience:
            break
        _learn(run, network, pairs, budget, schedule, epoch=epoch, epochs=epochs, watch=watch)
        losses.append(error_of(network, aside, budget))
        run.note(losses)
        if keep is not None:
            keep.save(losses, run.tensors())
    network.load_state_dict(run.best)
    network.eval()
    watch(1.0)
    return tuple(losses)


def _learn(
    run: _Run,
    network: nn.Module,
    pairs: Pairs,
    budget: Budget,
    schedule: Schedule,
    *,
    epoch: int,
    epochs: int,
    watch: Watch,
) -> None:
    """Show each pair once."""
    network.train()
    batches = max(1, len(pairs) // budget.batch)
    for number, chosen in enumerate(torch.randperm(len(pairs), generator=run.draw).tensor_split(batches)):
        step = epoch * batches + number
        for group in run.optimizer.param_groups:
            group["lr"] = budget.rate * schedule(step, epochs * batches)
        loss = _loss(network, pairs, chosen, budget)
        # Cleared before the gradient is computed, never after: it would be lost.
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        run.optimizer.step()
        watch((step + 1) / (epochs * batches))


@torch.no_grad()
def error_of(network: nn.Module, pairs: Pairs, budget: Budget) -> float:
    """Give the mean squared error over all pairs, values in [0, 1], and the weighted lack of structure."""
    network.eval()
    total = 0.0
    for chosen in torch.split(torch.arange(len(pairs)), budget.batch):
        total += float(_loss(network, pairs, chosen, budget)) * len(chosen)
    return total / max(1, len(pairs))


@torch.no_grad()
def pictures_of(network: nn.Module, codes: Floats) -> Images:
    """Give the pictures that a network makes of codes [n, …]: float32 [n, h, w, 3], clipped to [0, 1]."""
    device = device_of(network)
    chunks = [network(part.to(device)).cpu() for part in torch.split(torch.from_numpy(codes), _AT_ONCE)]
    pictures = torch.cat(chunks).clamp(0, 1).permute(0, 2, 3, 1)
    return np.ascontiguousarray(pictures.numpy(), np.float32)


def rise_and_fall(step: int, steps: int) -> float:
    """Rise over the first twentieth of the steps, then fall as a cosine to a hundredth."""
    rise = max(1, steps // 20)
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))


def halved_twice(step: int, steps: int) -> float:
    """Halve the rate after 20 and 40 of 50 epochs, whatever the number of steps (He et al. 2019)."""
    return 0.5 ** (step * 50 // (20 * max(1, steps)))


def _loss(network: nn.Module, pairs: Pairs, chosen: Tensor, budget: Budget) -> Tensor:
    device = device_of(network)
    # [n, 3, h, w], colours innermost as the regions store them: no copy, and faster convolutions.
    x = pairs.regions[chosen].to(device).permute(0, 3, 1, 2).float() / 255
    with half_precision(device, budget.precision):
        codes = pairs.codes[chosen]
        guess = network((codes if pairs.redraw is None else pairs.redraw(codes)).to(device))
    error = functional.mse_loss(guess.float(), x)
    if not budget.structure:
        return error
    # Outside of autocast: differences of squares need float32.
    return error + budget.structure * (1 - structural_similarity(guess.float(), x))
