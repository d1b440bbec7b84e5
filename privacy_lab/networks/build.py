"""From a network's name and size to the network: a sequence of named layers that can be cut anywhere."""

from collections import OrderedDict
from typing import assert_never

from torch import nn

from privacy_lab.networks.layers import Layers, Takes
from privacy_lab.networks.published import lenet, ryu, six_conv
from privacy_lab.networks.residual import build_residual
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.networks.vgg import VGG16, VGG19, vgg


def build(spec: NetworkSpec, takes: Takes, labels: int) -> nn.Sequential:
    """Build the network with fresh weights: float32 [n, *takes] to scores [n, labels].

    Args:
        spec: Which network, of what width.
        takes: Channels, height and width of a picture.
        labels: How many labels the primary task has.

    Raises:
        BadRecipe: the network's pools would leave nothing of pictures this small.
    """
    return nn.Sequential(OrderedDict(_layers(spec, takes, labels)))


def _layers(spec: NetworkSpec, takes: Takes, labels: int) -> Layers:
    match spec.name:
        case "lenet":
            return lenet(spec, takes, labels)
        case "six-conv":
            return six_conv(spec, takes, labels)
        case "vgg16":
            return vgg(spec, VGG16, takes, labels)
        case "vgg19":
            return vgg(spec, VGG19, takes, labels)
        case "ryu":
            return ryu(spec, takes, labels)
        case "residual":
            widths = tuple(spec.scaled(width) for width in spec.widths)
            return build_residual(widths, spec.strides, takes[0], labels)
        case never:
            assert_never(never)
