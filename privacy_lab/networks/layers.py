"""What the builders of all networks share: named layers, and the smallest picture that they take."""

from collections import OrderedDict

from torch import nn

from privacy_lab.errors import BadRecipe
from privacy_lab.networks.spec import NetworkSpec

Layers = OrderedDict[str, nn.Module]
"""The layers of a network in order, by the names it is cut at."""

Takes = tuple[int, int, int]
"""Channels, height and width of a picture."""


def require_size(spec: NetworkSpec, takes: Takes, smallest: int) -> None:
    """Refuse pictures of which the pools would leave nothing.

    Raises:
        BadRecipe: a side is below `smallest` pixels.
    """
    _, height, width = takes
    if min(height, width) < smallest:
        raise BadRecipe(
            f"{spec.name}: pictures of {height} × {width} pixels are too small; "
            f"it takes {smallest} × {smallest} and more"
        )
