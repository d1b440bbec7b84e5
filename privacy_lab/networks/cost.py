"""What each layer of a network costs: parameters, multiply-adds, and the bytes of what it gives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

_FLOAT_BYTES: Final = 4
_META: Final = torch.device("meta")


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer's cost for one picture.

    Attributes:
        name: The layer.
        shape: What it gives for one picture.
        parameters: Learnt numbers.
        multiply_adds: Products that are summed in its convolutions and matrices; each is two operations.
        activation_bytes: Size of what it gives, as float32.
    """

    name: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    activation_bytes: int


def costs(network: nn.Sequential, takes: tuple[int, ...]) -> tuple[LayerCost, ...]:
    """Give the cost of each named layer for a picture of shape `takes`.

    Nothing is computed and no weight is copied: shapes alone go through the network. One that was built
    under `torch.device("meta")` has no weights at all and costs the same.
    """
    was_training = network.training
    network.eval()  # one picture has no spread that batch normalisation could learn from
    try:
        found = []
        passed = torch.empty(1, *takes, device=_META)
        for name, layer in network.named_children():
            passed, multiply_adds = _pass(layer, passed)
            found.append(_cost(name, layer, tuple(passed.shape[1:]), multiply_adds))
    finally:
        network.train(was_training)
    return tuple(found)


def total(layers: Sequence[LayerCost]) -> LayerCost:
    """Give the sums over all layers, under the shape of what the last gives."""
    return LayerCost(
        name="total",
        shape=layers[-1].shape if layers else (),
        parameters=sum(layer.parameters for layer in layers),
        multiply_adds=sum(layer.multiply_adds for layer in layers),
        activation_bytes=sum(layer.activation_bytes for layer in layers),
    )


def count_parameters(network: nn.Module) -> int:
    """Count the learnt numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def _pass(layer: nn.Module, taken: Tensor) -> tuple[Tensor, int]:
    weightless = {name: tensor.to(_META) for name, tensor in layer.state_dict().items()}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        given: Tensor = functional_call(layer, weightless, (taken,))
    return given, counter.get_total_flops() // 2


def _cost(name: str, layer: nn.Module, shape: tuple[int, ...], multiply_adds: int) -> LayerCost:
    return LayerCost(name, shape, count_parameters(layer), multiply_adds, _FLOAT_BYTES * math.prod(shape))
