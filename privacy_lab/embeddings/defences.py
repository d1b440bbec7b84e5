"""What a code is trained against: a small protocol, and several of them in a weighted sum."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from privacy_lab.checkpoints import named, part


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One training batch as a defence looks at it.

    Attributes:
        pictures: Normalised, [n, 3, h, w].
        numbers: The code before it is bounded and stored, [n, k].
        code: The code as the cloud reads it, [n, k]; its gradient is that of `numbers`.
        labels: The primary task's, [n].
        identities: Who is shown, [n]; -1 where nobody knows.
    """

    pictures: Tensor
    numbers: Tensor
    code: Tensor
    labels: Tensor
    identities: Tensor

    def detached(self) -> "Seen":
        """Give the batch without a way back to the front: what an adversary learns from."""
        numbers, code = self.numbers.detach(), self.code.detach()
        return Seen(self.pictures, numbers, code, self.labels, self.identities)


class Defence(Protocol):
    """Makes the front pay for what its code tells beyond the primary task's label."""

    def cost(self, seen: Seen) -> Tensor:
        """Give what the front pays for this batch, a scalar with a gradient; near 0 where nothing leaks."""
        ...

    def learn(self, seen: Seen) -> None:
        """Let the adversary, where there is one, learn from a batch that is detached."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Give everything that further learning depends on, by name."""
        ...

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `tensors` gave."""
        ...


@final
class Weighted:
    """Several defences, each times its weight; itself a `Defence`."""

    def __init__(self, parts: Mapping[str, tuple[float, Defence]]) -> None:
        """Take each defence under a name, with its weight."""
        self._parts = dict(parts)

    def cost(self, seen: Seen) -> Tensor:
        """See `Defence`."""
        nothing = torch.zeros((), device=seen.code.device)
        return sum((weight * defence.cost(seen) for weight, defence in self._parts.values()), nothing)

    def learn(self, seen: Seen) -> None:
        """See `Defence`."""
        for _, defence in self._parts.values():
            defence.learn(seen)

    def tensors(self) -> dict[str, Tensor]:
        """See `Defence`."""
        return {
            key: tensor
            for name, (_, defence) in self._parts.items()
            for key, tensor in named(name, defence.tensors()).items()
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """See `Defence`."""
        for name, (_, defence) in self._parts.items():
            defence.restore(part(tensors, name))
