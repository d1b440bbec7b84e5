"""Where the lab computes: on a GPU where there is one, else on the CPU, and it says which."""

from contextlib import AbstractContextManager
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from privacy_lab.errors import LabError

DeviceName = Literal["auto", "cpu", "cuda"]
Precision = Literal["float32", "bfloat16"]

CPU: Final = torch.device("cpu")


def choose_device(name: DeviceName, doing: str = "training") -> tuple[torch.device, str]:
    """Give the device and a line for people on what is done there; `auto` takes a GPU where there is one.

    Raises:
        LabError: `cuda` was asked for by name, and torch finds none.
    """
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise LabError("--device cuda: torch finds no GPU here. Choose --device auto or --device cpu.")
    if name != "cpu" and found:
        return torch.device("cuda"), f"{doing} on the GPU ({torch.cuda.get_device_name()})"
    return CPU, f"{doing} on the CPU" if name == "cpu" else f"no GPU: {doing} on the CPU"


def half_precision(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Compute products in bfloat16 inside the block where `precision` says so; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def batch_of(pictures: NDArray[np.float32], device: torch.device) -> Tensor:
    """Give normalised pictures [n, 3, h, w] on the device, colours innermost: convolutions are faster so."""
    return torch.from_numpy(pictures).to(device, memory_format=torch.channels_last)
