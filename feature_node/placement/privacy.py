"""How many maps of each layer a helper may hold, and which layers the source keeps: from a measured table.

Source: Baccour et al., "DistPrivacy" (2020), Section II-C: Nf^l(SSIM) and SP(SSIM) of (8f) to (8h).
"""

import math
from typing import Annotated

import msgspec

from feature_node.placement.model import Layer, Network, Topology
from models.errors import BadTable
from models.placement_table import PlacementTable

_FREE_OF_WORK = ("act", "pool")


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one network allows at one level of privacy.

    Attributes:
        max_ssim: The highest structural similarity that a helper's reconstruction may have.
        colluding: t: any so many helpers together stay under it.
        most: Nf^l of each layer; as many as it takes where all its maps together are safe.
        split: SP: the place of the first layer from which on all maps together are safe; the number of
            layers where there is none.
        kept: How many of the first layers the source computes itself; in the paper the first alone.
    """

    max_ssim: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
    colluding: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    most: tuple[Annotated[int, msgspec.Meta(ge=0)], ...]
    split: Annotated[int, msgspec.Meta(ge=0)]
    kept: Annotated[int, msgspec.Meta(ge=1)] = 1

    def is_free(self, network: Network, layer: int) -> bool:
        """Whether all maps of a layer together are safe, so that (8f) asks nothing of it."""
        return self.most[layer] >= network.layers[layer].maps_in

    def share(self, network: Network, layer: int) -> int:
        """Give how many maps each helper may hold so that any `colluding` of them keep to Nf^l."""
        if self.is_free(network, layer):
            return network.layers[layer].maps_in
        return self.most[layer] // self.colluding


def caps_of(table: PlacementTable, network: Network, max_ssim: float, colluding: int = 1) -> Caps:
    """Read the caps of `network` off a table, on the side of privacy where it was not measured.

    A layer without rows of its own takes what is known of the same maps behind activations and pools; else
    what is known of the nearest measured layer before it, which gives more away than a deeper one; else 0.

    Raises:
        BadTable: the table knows no layer of this network, or one of another size.
    """
    measured = {row.layer: row.maps_in for row in table.rows}
    known = [layer for layer in network.layers if layer.name in measured]
    if not known:
        raise BadTable(f"the table of {table.network} has no layer of {network.name}; measure this network")
    for layer in known:
        if measured[layer.name] != layer.maps_in:
            raise BadTable(
                f"{layer.name} takes {layer.maps_in} maps, in the table of {table.network} "
                f"{measured[layer.name]}; measure this network"
            )
    most = [_most(network, place, table, max_ssim) for place in range(len(network.layers))]
    split = len(most)
    while split and most[split - 1] >= network.layers[split - 1].maps_in:
        split -= 1
    return Caps(max_ssim=max_ssim, colluding=colluding, most=tuple(most), split=split)


def at_source(network: Network, caps: Caps, topology: Topology) -> tuple[bool, ...]:
    """Say of each layer whether the source computes it: (8h).

    It computes the first layer (or more, as `Caps.kept` says) and the last, and the first fully connected one
    where that takes maps which one device may not see together (the text has it so; (8h) as printed turns the
    comparison round). What follows that layer unmeasured stays with it. In a star it also does what has no
    multiplications.
    """
    last = len(network.layers) - 1
    return tuple(
        place < caps.kept
        or place == last
        or (topology == "star" and layer.kind in _FREE_OF_WORK)
        or (_is_dense(network, place) and not caps.is_free(network, place))
        for place, layer in enumerate(network.layers)
    )


def _is_dense(network: Network, place: int) -> bool:
    """Whether a layer is fully connected, or an activation behind one."""
    layer = network.layers[place]
    return layer.kind == "fc" or (layer.kind in _FREE_OF_WORK and _is_dense(network, place - 1))


def _most(network: Network, place: int, table: PlacementTable, max_ssim: float) -> int:
    source = _measured(network, place, table)
    if source is None:
        return 0
    most = table.most_maps(source.name, max_ssim)
    whole = network.layers[place].maps_in
    if most >= source.maps_in:
        return whole  # what is safe with all its maps stays so, whatever a deeper layer makes of it
    borrowed = source.name != network.layers[place].name
    # Behind a fully connected layer one "map" is everything: a cap in feature maps says nothing of it.
    return 0 if borrowed and _is_dense(network, place) else min(most, whole)


def _measured(network: Network, place: int, table: PlacementTable) -> Layer | None:
    layers, measured = network.layers, set(table.layers)
    for ahead in layers[place:]:
        if ahead.name in measured:
            return ahead
        if ahead.kind not in _FREE_OF_WORK:
            break
    return next((layer for layer in reversed(layers[: place + 1]) if layer.name in measured), None)


def least_ssim(network: Network, table: PlacementTable, helpers: int, like: Caps) -> float | None:
    """Give the lowest level of a table at which so many helpers may hold every layer; none if none is.

    The source keeps as many layers, and as many helpers collude, as in the caps that it is `like`.
    """
    for level in sorted({math.ceil(1000 * row.high) / 1000 for row in table.rows}):
        read = caps_of(table, network, min(level, 1.0), like.colluding)
        caps = msgspec.structs.replace(read, kept=like.kept)
        own = at_source(network, caps, "mesh")
        needed = [layer.maps_in if not here else 0 for layer, here in zip(network.layers, own, strict=True)]
        if all(helpers * caps.share(network, place) >= maps for place, maps in enumerate(needed)):
            return min(level, 1.0)
    return None
