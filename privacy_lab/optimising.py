"""One network under AdamW, with the running mean of its weights, as something that can be taken up again."""

import copy
import math
from typing import Any, final

import torch
from torch import Tensor, nn

from privacy_lab.checkpoints import named, part


@final
class Averaged:
    """A network that learns, and beside it the running mean of its weights, which is what is kept.

    Attributes:
        network: What learns.
        mean: Its running mean; `average` is the share that the mean keeps at each step.
    """

    def __init__(
        self, network: nn.Module, *, rate: float, weight_decay: float, average: float, steps: int
    ) -> None:
        """Prepare to learn in `steps` steps at a rate that rises to `rate` and falls."""
        self.network = network
        self.mean = copy.deepcopy(network)
        self._rate, self._average, self._steps = rate, average, steps
        self._optimizer = torch.optim.AdamW(_groups(network, weight_decay), lr=rate)

    def descend(self, loss: Tensor, step: int) -> None:
        """Take step number `step` of the run down the gradient of `loss`; the mean follows."""
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * schedule(step, self._steps)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._follow(step)

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that the rest of a run depends on, by name."""
        return (
            named("network", self.network.state_dict())
            | named("mean", self.mean.state_dict())
            | named("optimizer", memory_of(self._optimizer))
        )

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        self.network.load_state_dict(part(tensors, "network"))
        self.mean.load_state_dict(part(tensors, "mean"))
        recall(self._optimizer, part(tensors, "optimizer"))

    @torch.no_grad()
    def _follow(self, step: int) -> None:
        # Early on the mean follows closely, or it would remember the random start for long.
        keep = min(self._average, (1 + step) / (10 + step))
        now, then = self.network.state_dict(), self.mean.state_dict()
        for name, mean in then.items():
            if mean.is_floating_point():
                mean.lerp_(now[name], 1 - keep)
            else:
                mean.copy_(now[name])


def memory_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Give what an optimizer remembers of its parameters, by name."""
    return {
        f"{number}.{name}": value
        for number, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
        if value is not None
    }


def recall(optimizer: torch.optim.Optimizer, memory: dict[str, Tensor]) -> None:
    """Let an optimizer remember what `memory_of` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in memory.items():
        number, what = name.split(".", maxsplit=1)
        state.setdefault(int(number), {})[what] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def schedule(step: int, steps: int) -> float:
    """Give the share of the highest rate at this step: a short rise, then a cosine down to a hundredth."""
    rise = max(1, steps // 20)
    if step < rise:
        return (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    # Weight decay pulls at kernels only: biases and normalisation have nothing to forget.
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
