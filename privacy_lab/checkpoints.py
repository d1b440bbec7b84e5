"""Where a training run stands, as one safetensors file that is never seen half written."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from privacy_lab.errors import BadCheckpoint


@dataclass(slots=True)
class Progress:
    """How far a run is: epochs done, and the best validation loss so far with its epoch."""

    recipe: str
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    losses: list[float] = field(default_factory=list)

    def note(self, loss: float) -> bool:
        """Count an epoch that ended with this validation loss; say whether it is the lowest so far."""
        self.epoch += 1
        self.losses.append(round(loss, 6))
        better = loss < self.best_loss
        if better:
            self.best_loss, self.best_epoch = loss, self.epoch
        return better


def save_checkpoint(path: Path, progress: Progress, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors and progress (as JSON in the header) to one file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    copies = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(copies, unfinished, metadata={"progress": json.dumps(asdict(progress))})
    unfinished.replace(path)


def load_checkpoint(path: Path, recipe: str) -> tuple[Progress, dict[str, Tensor]] | None:
    """Read what `save_checkpoint` wrote for this recipe's digest; None if nothing was.

    Raises:
        BadCheckpoint: the file is damaged, or another recipe's.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise BadCheckpoint(f"{path}: cannot be read ({error}). Delete it to start again.") from error
    if progress.recipe != recipe:
        raise BadCheckpoint(f"{path}: is of another recipe. Delete it, or choose another --checkpoint.")
    return progress, tensors


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Give the tensors under `prefix.`, named without it."""
    return {
        name.removeprefix(f"{prefix}."): t for name, t in tensors.items() if name.startswith(f"{prefix}.")
    }


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give the tensors renamed to stand under `prefix.`."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def same(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> bool:
    """Tell whether two sets of tensors are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)
