"""From a network's name and size to the network: a sequence of named layers that can be cut anywhere."""

from collections import OrderedDict

from torch import nn

from privacy_lab.networks.residual import build_residual
from privacy_lab.networks.spec import NetworkSpec

Takes = tuple[int, int, int]


def build(spec: NetworkSpec, takes: Takes, labels: int) -> nn.Sequential:
    """Build the network with fresh weights: float32 [n, *takes] to scores [n, labels].

    Args:
        spec: Which network, of what width.
        takes: Channels, height and width of a picture.
        labels: How many labels the primary task has.
    """
    channels, _, _ = takes
    widths = tuple(spec.scaled(width) for width in spec.widths)
    return nn.Sequential(OrderedDict(build_residual(widths, spec.strides, channels, labels)))
