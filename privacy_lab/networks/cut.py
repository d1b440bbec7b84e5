"""The split point: one network of named layers parted into a front and a back half."""

from collections import OrderedDict

from torch import nn

from privacy_lab.errors import BadRecipe


def layer_names(network: nn.Sequential) -> tuple[str, ...]:
    """Give the names of a network's layers, in order."""
    return tuple(name for name, _ in network.named_children())


def split(network: nn.Sequential, at: str) -> tuple[nn.Sequential, nn.Sequential]:
    """Part a network behind the layer `at`; back(front(x)) is exactly network(x), with the same weights.

    Raises:
        BadRecipe: no layer of that name, or nothing would be left behind it; the text lists those that do.
    """
    *possible, last = layer_names(network)
    if at not in possible:
        why = "is the last layer: nothing would be left behind it" if at == last else "is no layer"
        raise BadRecipe(f"split: {at!r} {why}; choose one of {', '.join(possible)}")
    here = possible.index(at) + 1
    layers = list(network.named_children())
    front, back = (nn.Sequential(OrderedDict(half)) for half in (layers[:here], layers[here:]))
    return front, back
