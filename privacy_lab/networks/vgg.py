"""VGG-16 and VGG-19, of any width and for pictures of any size."""

from collections import OrderedDict
from typing import Final

from torch import nn

from privacy_lab.networks.layers import Layers, Takes, require_size
from privacy_lab.networks.spec import NetworkSpec

_WIDTHS: Final = (64, 128, 256, 512, 512)
_DENSE: Final = 4096
_DROPOUT: Final = 0.5

VGG16: Final = (2, 2, 3, 3, 3)
"""Convolutions a block: configuration D of Simonyan and Zisserman, table 1."""
VGG19: Final = (2, 2, 4, 4, 4)
"""Convolutions a block: configuration E of Simonyan and Zisserman, table 1."""


def vgg(spec: NetworkSpec, blocks: tuple[int, ...], takes: Takes, labels: int) -> Layers:
    """Give conv1_1 to pool5, fc6, fc7 and fc8; each convolution and fc6, fc7 with their ReLU.

    A cut at conv5_3 sends what the ReLU gives, as Osia et al. (section V) and the network's makers
    name it. Pictures of 32 × 32 leave one place in front of fc6, those of 224 × 224 leave 7 × 7.
    """
    channels, height, width = takes
    require_size(spec, takes, smallest=2 ** len(blocks))
    layers: Layers = OrderedDict()
    before = channels
    for block, (count, published) in enumerate(zip(blocks, _WIDTHS, strict=True), 1):
        after = spec.scaled(published)
        for number in range(1, count + 1):
            layers[f"conv{block}_{number}"] = nn.Sequential(_conv(before, after), nn.ReLU())
            before = after
        layers[f"pool{block}"] = nn.MaxPool2d(2)
    places = (height >> len(blocks)) * (width >> len(blocks))
    dense = spec.scaled(_DENSE)
    layers["fc6"] = nn.Sequential(
        nn.Flatten(), _linear(before * places, dense), nn.ReLU(), nn.Dropout(_DROPOUT)
    )
    layers["fc7"] = nn.Sequential(_linear(dense, dense), nn.ReLU(), nn.Dropout(_DROPOUT))
    layers["fc8"] = nn.Linear(dense, labels)
    return layers


def _conv(before: int, after: int) -> nn.Conv2d:
    layer = nn.Conv2d(before, after, 3, padding=1)
    _draw(layer)
    return layer


def _linear(before: int, after: int) -> nn.Linear:
    layer = nn.Linear(before, after)
    _draw(layer)
    return layer


def _draw(layer: nn.Conv2d | nn.Linear) -> None:
    # Nineteen layers without normalisation learn only if each keeps the variance of what it takes
    # (He et al. 2015, equation 10); torch's own start shrinks it by six a layer.
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
