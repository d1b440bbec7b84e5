"""Networks of named layers, and the cut that parts one into a front and a back half."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor, nn

from privacy_lab.errors import BadRecipe
from privacy_lab.recipe import NetworkSpec

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


def build(spec: NetworkSpec, labels: int) -> nn.Sequential:
    """Build stem, one residual stage a further width, `squeeze` (the code), `expand`, `refine` and `head`.

    Each stage halves the picture's sides. `squeeze` is bounded to ±`spec.clip` inside the network, so that
    clipping at run time changes nothing that was not learnt with it.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["stem"] = nn.Sequential(*_convolution(_COLOURS, spec.widths[0], 3, 2), nn.ReLU(inplace=True))
    for number, (before, after) in enumerate(pairwise(spec.widths), 1):
        layers[f"stage{number}"] = Residual(before, after, 2)
    layers["squeeze"] = nn.Sequential(
        nn.Conv2d(spec.widths[-1], spec.code, 1, bias=False),
        nn.BatchNorm2d(spec.code, affine=False),
        nn.Hardtanh(-spec.clip, spec.clip),
    )
    layers["expand"] = nn.Sequential(*_convolution(spec.code, spec.behind, 1, 1), nn.ReLU(inplace=True))
    layers["refine"] = Residual(spec.behind, spec.behind, 1)
    layers["pool"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layers["head"] = nn.Linear(spec.behind, labels)
    return nn.Sequential(layers)


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


def split(network: nn.Sequential, at: str) -> tuple[nn.Sequential, nn.Sequential]:
    """Part a network behind the layer `at`; back(front(x)) is exactly network(x), with the same weights.

    Raises:
        BadRecipe: no layer of that name, or nothing would be left behind it.
    """
    names = [name for name, _ in network.named_children()]
    if at not in names[:-1]:
        raise BadRecipe(f"split: {at!r} is not a layer to cut at; choose one of {', '.join(names[:-1])}")
    children = list(network.named_children())
    here = names.index(at) + 1
    front, back = (nn.Sequential(OrderedDict(part)) for part in (children[:here], children[here:]))
    return front, back


def count_parameters(network: nn.Module) -> int:
    """Count the learnt numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def _convolution(before: int, after: int, side: int, step: int) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(before, after, side, stride=step, padding=side // 2, bias=False),
        nn.BatchNorm2d(after),
    )
