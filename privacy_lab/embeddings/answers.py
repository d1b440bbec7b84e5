"""What a network, or its halves with the wire between them, gives for regions as the edge cuts them."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.manifest import InputSpec
from models.pictures import normalise
from models.quantise import Floats, dequantise, quantise
from privacy_lab.devices import batch_of
from privacy_lab.embeddings.halves import Halves

Pixels = NDArray[np.uint8]
_AT_ONCE: Final = 256


@torch.no_grad()
def compute(network: nn.Module, regions: Pixels, size: InputSpec) -> Floats:
    """Give the network's output, float32 [n, ...], for uint8 regions [n, h, w, 3], computed where it is."""
    network.eval()
    device = _device_of(network)
    given = [network(batch_of(x, device)).float().cpu().numpy() for x in _chunks(regions, size)]
    return np.concatenate(given)


def release(halves: Halves, regions: Pixels, size: InputSpec) -> Floats:
    """Give what the cloud decodes, float32 [n, *output.shape]: computed, clipped, stored and read back."""
    return through_wire(halves, compute(halves.front, regions, size))


def through_wire(halves: Halves, numbers: Floats) -> Floats:
    """Store numbers [n, *output.shape] as payloads and read them back."""
    return dequantise(quantise(numbers, halves.output), halves.output)


@torch.no_grad()
def analyze(back: nn.Module, numbers: Floats) -> Floats:
    """Give the logits [n, labels] of numbers as decoded."""
    back.eval()
    device = _device_of(back)
    rows = np.array_split(numbers, range(_AT_ONCE, len(numbers), _AT_ONCE))
    return np.concatenate([back(torch.from_numpy(z).to(device)).float().cpu().numpy() for z in rows])


def right(logits: Floats, labels: NDArray[np.int64]) -> int:
    """Count the answers that are the label."""
    return int((logits.argmax(axis=1) == labels).sum())


def distinct(numbers: Floats) -> int:
    """Count the different payloads among what was decoded."""
    return len(np.unique(numbers.reshape(len(numbers), -1), axis=0))


def _chunks(regions: Pixels, size: InputSpec) -> Iterator[Floats]:
    for start in range(0, len(regions), _AT_ONCE):
        yield normalise(regions[start : start + _AT_ONCE], size)


def _device_of(network: nn.Module) -> torch.device:
    tensors: Iterator[Tensor] = iter((*network.parameters(), *network.buffers()))
    return next((tensor.device for tensor in tensors), torch.device("cpu"))
