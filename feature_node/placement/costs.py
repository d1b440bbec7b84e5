"""What a placement costs: seconds a layer, and memory, multiplications and bytes a device.

Source: Baccour et al., "DistPrivacy" (2020), equations (5) to (7) and the left sides of (8b) to (8d). Devices
stand at their number + 1 in every array, so that the source is at 0.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from feature_node.placement.model import Fleet, Network, Topology

Holders = tuple[tuple[int, ...], ...]
"""Layer by layer, who holds each input map; -1 is the source."""
Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Speeds:
    """e, ρ and τ of the source and the helpers."""

    multiplications: Numbers
    rates: Numbers
    messages: Numbers

    @classmethod
    def of(cls, fleet: Fleet) -> Self:
        """Read them off the devices."""
        return cls(
            np.array([device.multiplications_per_second for device in fleet.devices]),
            np.array([device.rate_bytes_per_second for device in fleet.devices]),
            np.array([device.message_seconds for device in fleet.devices]),
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used, or still left, of memory, multiplications and bytes of each device."""

    memory: Numbers
    multiplications: Numbers
    sent: Numbers

    @classmethod
    def capacities(cls, fleet: Fleet) -> Self:
        """Give m̄, c̄ and b̄ of every device."""
        devices = fleet.devices
        return cls(
            np.array([device.memory_bytes for device in devices], dtype=np.float64),
            np.array([device.multiplications for device in devices], dtype=np.float64),
            np.array([device.bandwidth_bytes for device in devices], dtype=np.float64),
        )

    def less(self, used: "Usage") -> "Usage":
        """Give what is left when `used` is taken away."""
        return Usage(
            self.memory - used.memory,
            self.multiplications - used.multiplications,
            self.sent - used.sent,
        )


def count(network: Network, holders: Holders, devices: int) -> Counts:
    """Count the maps of each layer that each device holds, layers × devices, the source first."""
    return np.array(
        [np.bincount(np.asarray(held) + 1, minlength=devices) for held in holders], dtype=np.int64
    ).reshape(len(network.layers), devices)


def moved(network: Network, holders: Holders, counts: Counts, layer: int) -> Numbers:
    """Give O^{l-1}: the bytes that each device sends each other for `layer`, equation (6); rows send."""
    before, here, devices = network.layers[layer - 1], network.layers[layer], counts.shape[1]
    if before.kind == "conv" or before.maps_out != before.maps_in:
        # A partial output is of every output map: each holder sends each map's own to whoever adds them.
        sent = np.minimum(counts[layer - 1], 1)[:, None] * counts[layer][None, :] * float(here.map_bytes_in)
    else:
        pairs = (np.asarray(holders[layer - 1]) + 1) * devices + np.asarray(holders[layer]) + 1
        sent = np.bincount(pairs, minlength=devices * devices).reshape(devices, devices) * float(
            here.map_bytes_in
        )
    np.fill_diagonal(sent, 0.0)
    return np.asarray(sent, dtype=np.float64)


def usage(network: Network, holders: Holders, topology: Topology, devices: int) -> Usage:
    """Give what a placement uses of each device in one inference."""
    counts = count(network, holders, devices)
    layers = network.layers
    sent = np.zeros(devices)
    for place in range(1, len(layers)):
        if topology == "mesh":
            sent += moved(network, holders, counts, place).sum(axis=1)
        else:
            handed, answered = star_bytes(network, counts, place)
            sent += answered
            sent[0] += handed.sum()
    return Usage(
        np.array([layer.weight_bytes for layer in layers], dtype=np.float64) @ counts,
        np.array([layer.multiplications for layer in layers], dtype=np.float64) @ counts,
        sent,
    )


def star_bytes(network: Network, counts: Counts, layer: int) -> tuple[Numbers, Numbers]:
    """Give the bytes that the source hands each helper for `layer`, and those each answers with."""
    here = network.layers[layer]
    held = counts[layer].astype(np.float64)
    held[0] = 0.0  # the source sends itself nothing
    return held * here.map_bytes_in, np.minimum(held, 1.0) * here.maps_out * here.map_bytes_out


def layer_seconds(network: Network, fleet: Fleet, holders: Holders, topology: Topology) -> Numbers:
    """Give the seconds of each layer; their sum is the latency of equation (5).

    In a mesh they are the largest, over pairs of devices, of sending and then computing. In a star the
    source hands out one map after the other over its own link and takes answers one after the other; each
    message, out or back, costs it a time of its own besides, and each answer one of the helper's.
    """
    speeds = Speeds.of(fleet)
    counts = count(network, holders, len(fleet.devices))
    seconds = np.zeros(len(network.layers))
    for place, layer in enumerate(network.layers):
        computing = counts[place] * float(layer.multiplications) / speeds.multiplications  # (7)
        if place == 0:
            seconds[0] = computing.max()
        elif topology == "mesh":
            sending = moved(network, holders, counts, place) / speeds.rates[:, None]
            seconds[place] = (sending.max(axis=0) + computing).max()
        else:
            seconds[place] = _star_seconds(network, counts, place, speeds)
    return seconds


def _star_seconds(network: Network, counts: Counts, place: int, speeds: Speeds) -> float:
    handed, answered = star_bytes(network, counts, place)
    work = float(network.layers[place].multiplications)
    answers = np.where(handed > 0, answered / speeds.rates + speeds.messages, 0.0)
    computing = counts[place] * work / speeds.multiplications + answers
    # The last answer has the longest way; the others queue at the source's one link.
    queued = max(0.0, answered.sum() - answered.max()) / speeds.rates[0]
    messages = max(0, 2 * np.count_nonzero(handed) - 1) * speeds.messages[0]
    return float(handed.sum() / speeds.rates[0] + computing.max() + queued + messages)
