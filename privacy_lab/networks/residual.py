"""Residual networks of named layers: one for regions, one for whole pictures of any size."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor, nn

_COLOURS = 3


@final
class Residual(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut: [n, before, h, w] to [n, after, h/step, w/step]."""

    def __init__(self, before: int, after: int, step: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(before, after, 3, step), nn.ReLU(inplace=True), *_convolution(after, after, 3, 1)
        )
        same = before == after and step == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*_convolution(before, after, 1, step))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Give relu(body(x) + shortcut(x))."""
        result: Tensor = self.relu(self.body(x) + self.shortcut(x))
        return result


def build_residual(
    widths: Sequence[int], strides: Sequence[int], channels: int, labels: int
) -> OrderedDict[str, nn.Module]:
    """Give the layers `stem`, one residual `stage` a further width, `pool` and `head`.

    Args:
        widths: Channels of the stem and of each stage.
        strides: The step of the stem and of each stage.
        channels: Channels of the picture.
        labels: How many scores the head gives.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["stem"] = nn.Sequential(*_convolution(channels, widths[0], 3, strides[0]), nn.ReLU(inplace=True))
    for number, ((before, after), step) in enumerate(zip(pairwise(widths), strides[1:], strict=True), 1):
        layers[f"stage{number}"] = Residual(before, after, step)
    layers["pool"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layers["head"] = nn.Linear(widths[-1], labels)
    return layers


def build_for_pictures(widths: Sequence[int], labels: int) -> nn.Sequential:
    """Build a network that answers whether something is anywhere in a picture of any size.

    The highest answer over all places is kept, not the mean: one small region decides.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["stem"] = nn.Sequential(*_convolution(_COLOURS, widths[0], 3, 2), nn.ReLU(inplace=True))
    for number, (before, after) in enumerate(pairwise(widths), 1):
        layers[f"stage{number}"] = Residual(before, after, 2)
    layers["pool"] = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten())
    layers["head"] = nn.Linear(widths[-1], labels)
    return nn.Sequential(layers)


def _convolution(before: int, after: int, side: int, step: int) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(before, after, side, stride=step, padding=side // 2, bias=False),
        nn.BatchNorm2d(after),
    )
