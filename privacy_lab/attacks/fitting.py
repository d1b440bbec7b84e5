"""Teach a network to turn codes into pictures: a fixed budget, stopped by pictures set aside."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.quantise import Floats
from privacy_lab.attacks.placing import device_of
from privacy_lab.attacks.sight import Images, Watch
from privacy_lab.attacks.structure import structural_similarity
from privacy_lab.devices import Precision, half_precision

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


def fit(
    network: nn.Module,
    pairs: Pairs,
    aside: Pairs,
    budget: Budget,
    schedule: Schedule,
    *,
    seed: int,
    watch: Watch,
) -> tuple[float, ...]:
    """Lower the budget's error; the network is left with the weights that erred least on `aside`.

    Its first weights are among those compared: a network that can only get worse stays as it was.

    Returns:
        The errors on `aside` as `error_of` gives them, before the first epoch and after each.
    """
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=budget.rate, weight_decay=budget.weight_decay)
    batches = max(1, len(pairs) // budget.batch)
    epochs = max(1, min(budget.epochs, round(budget.pictures / len(pairs))))
    losses, best = [error_of(network, aside, budget)], copy.deepcopy(network.state_dict())
    for epoch in range(epochs):
        network.train()
        for number, chosen in enumerate(torch.randperm(len(pairs), generator=draw).tensor_split(batches)):
            step = epoch * batches + number
            for group in optimizer.param_groups:
                group["lr"] = budget.rate * schedule(step, epochs * batches)
            loss = _loss(network, pairs, chosen, budget)
            # Cleared before the gradient is computed, never after: it would be lost.
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            watch((step + 1) / (epochs * batches))
        losses.append(error_of(network, aside, budget))
        if losses[-1] <= min(losses):
            best = copy.deepcopy(network.state_dict())
        if len(losses) - 1 - losses.index(min(losses)) >= budget.patience:
            break
    network.load_state_dict(best)
    network.eval()
    watch(1.0)
    return tuple(losses)


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
