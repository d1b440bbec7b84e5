"""Networks where they compute, laid out as convolutions are fastest."""

from itertools import chain
from typing import Any, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


def placed(network: M, device: torch.device) -> M:
    """Move a network to the device, its kernels with channels innermost; returns it."""
    moved: Any = network
    moved.to(device=device, memory_format=torch.channels_last)
    return network


def device_of(network: nn.Module) -> torch.device:
    """Say where a network's weights are; a network without any computes on the CPU."""
    first = next(chain(network.parameters(), network.buffers()), None)
    return first.device if first is not None else torch.device("cpu")
