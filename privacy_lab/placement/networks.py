"""The lab's networks as the planner sees them: what each layer's segments cost, and Table I as its caps.

Source: Baccour et al., "DistPrivacy" (2020), equations (2) to (4).
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from feature_node.placement.model import FLOAT_BYTES, Kind, Layer, Network
from models.placement_table import PlacementTable, TableRow
from privacy_lab.errors import BadRecipe
from privacy_lab.networks.build import build
from privacy_lab.networks.spec import NetworkName, NetworkSpec
from privacy_lab.placement.published import PublishedRow, published_rows

Takes = tuple[int, int, int]

SIMULATED: Final[dict[NetworkName, Takes]] = {
    "lenet": (1, 28, 28),
    "six-conv": (3, 32, 32),
    "vgg16": (3, 128, 128),
    "vgg19": (3, 128, 128),
}
"""Section III; for CIFAR-10 the paper says 36 × 36 in one place and 32 × 32, its real size, in another."""

_LABELS: Final = 10
_FREE: Final[dict[type[nn.Module], Kind]] = {
    nn.ReLU: "act",
    nn.LeakyReLU: "act",
    nn.Sigmoid: "act",
    nn.MaxPool2d: "pool",
}
_SKIPPED: Final = (nn.Flatten, nn.Dropout)


def planned(name: NetworkName, takes: Takes, *, labels: int = _LABELS, width: float = 1.0) -> Network:
    """Describe a network to the planner, for pictures of shape `takes`.

    Raises:
        BadRecipe: it holds something that has no segments, as a residual block has.
    """
    with torch.device("meta"):  # shapes alone
        network = build(NetworkSpec(name, width=width), takes, labels)
        passed, layers = torch.empty(1, *takes), []
        for layer_name, module in _flat(network):
            before, passed = passed, module(passed)
            if not isinstance(module, _SKIPPED):
                layers.append(_layer(f"{name}: {layer_name}", layer_name, module, (before, passed)))
    return Network(name=name, layers=tuple(_taken_whole(layers)))


def _flat(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Give every part under the name of the layer it is in; an activation in a layer under its own."""
    for name, layer in network.eval().named_children():
        parts = list(layer.children()) or [layer]
        works = [part for part in parts if isinstance(part, (nn.Conv2d, nn.Linear))]
        for part in parts:
            inside = bool(works) and part not in works and not isinstance(part, _SKIPPED)
            yield (name.replace("conv", "ReLU") if "conv" in name else f"{name}act") if inside else name, part


def _layer(where: str, name: str, module: nn.Module, passed: tuple[Tensor, Tensor]) -> Layer:
    before, after = passed
    maps_in, maps_out = before.shape[1], after.shape[1]
    size_in, size_out = before[0, 0].numel() * FLOAT_BYTES, after[0, 0].numel() * FLOAT_BYTES
    if isinstance(module, nn.Conv2d):
        weights = maps_out * module.kernel_size[0] * module.kernel_size[1]
        return Layer(
            name=name,
            kind="conv",
            maps_in=maps_in,
            maps_out=maps_out,
            multiplications=weights * after[0, 0].numel(),  # (2)
            weight_bytes=weights * FLOAT_BYTES,  # (4)
            map_bytes_in=size_in,
            map_bytes_out=size_out,
        )
    dense = before.dim() == 2
    kind: Kind | None = "fc" if isinstance(module, nn.Linear) else _FREE.get(type(module))
    if kind is None:
        raise BadRecipe(f"{where}: a {type(module).__name__} has no segments; place a network without one")
    return Layer(
        name=name,
        kind=kind,
        maps_in=1 if dense else maps_in,
        maps_out=1 if dense else maps_out,
        multiplications=maps_in * maps_out if kind == "fc" else 0,  # (3)
        weight_bytes=maps_in * maps_out * FLOAT_BYTES if kind == "fc" else 0,
        map_bytes_in=size_in * (maps_in if dense else 1),
        map_bytes_out=size_out * (maps_out if dense else 1),
    )


def _taken_whole(layers: list[Layer]) -> Iterator[Layer]:
    """Let the first fully connected layer take maps: as many segments as the layer before gives."""
    yield layers[0]
    for before, layer in pairwise(layers):
        if layer.kind == "fc" and before.maps_out > 1:
            maps = before.maps_out
            yield Layer(
                name=layer.name,
                kind="fc",
                maps_in=maps,
                maps_out=1,
                multiplications=layer.multiplications // maps,
                weight_bytes=layer.weight_bytes // maps,
                map_bytes_in=before.map_bytes_out,
                map_bytes_out=layer.map_bytes_out,
            )
        else:
            yield layer


def published_table(network: Network) -> PlacementTable:
    """Give Table I as a table of `network`, every layer of maps with a row.

    The paper prints rows for layers "where the number of filters changes". Of others it says only, for SSIM
    0.8, how many are handed out, which fits a layer with the row of as many maps: the one before it, else the
    next. Intervals are not printed, so a row's ends are its value.

    Raises:
        BadRecipe: the paper prints no rows of this network.
    """
    known = {row.taken_by: row for row in published_rows() if row.network == network.name}
    if not known:
        raise BadRecipe(f"{network.name}: Table I of Baccour et al. has no rows of it; measure a table")
    rows: list[TableRow] = []
    for place, layer in enumerate(network.layers[1:], 1):
        row = _row_of(network, place, known) if layer.maps_in > 1 else None
        rows.extend(_rows(layer, row) if row else ())
    data = ", ".join(sorted({row.called for row in known.values()}))
    return PlacementTable(
        network=network.name, data=data, rows=tuple(rows), made_by="Baccour et al. (2020), Table I"
    )


def _row_of(network: Network, place: int, known: dict[str, PublishedRow]) -> PublishedRow | None:
    layers, maps = network.layers, network.layers[place].maps_in
    before = next((known[layer.name] for layer in reversed(layers[: place + 1]) if layer.name in known), None)
    behind = [known[layer.name] for layer in layers[place:] if layer.name in known]
    alike = (row for row in behind if max(row.ssim) == maps)
    return before if before and max(before.ssim) == maps else next(alike, before or next(iter(behind), None))


def _rows(layer: Layer, row: PublishedRow) -> Iterator[TableRow]:
    for maps, ssim in sorted(row.ssim.items()):
        if maps <= layer.maps_in:
            yield TableRow(layer=layer.name, maps_in=layer.maps_in, maps=maps, ssim=ssim, low=ssim, high=ssim)
