"""A placement as a value that can be written down, and what it breaks, if anything.

Source: Baccour et al., "DistPrivacy" (2020), Section II-C, constraints (8b) to (8i).
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from feature_node.errors import BadPlan
from feature_node.placement.costs import Counts, Holders, Numbers, count, usage
from feature_node.placement.model import SOURCE, Fleet, Network, Topology
from feature_node.placement.privacy import Caps, at_source
from feature_node.placement.problem import Problem

SCHEMA: Final = 1
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_SLACK: Final = 1e-6


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who holds which input maps of each layer.

    Attributes:
        network: Its name.
        network_sha256: What the plan was made for.
        devices_sha256: The devices it was made for; another fleet needs another plan.
        helpers: Their names; a holder is a place in here.
        topology: How they send.
        max_ssim: The privacy that it keeps.
        colluding: Against how many helpers that put their maps together.
        solver: Who made it.
        holders: Layer by layer, the holder of each input map; -1 is the source.
        layer_seconds: What the model expects of each layer, equation (5).
    """

    schema: Literal[1] = SCHEMA
    network: str
    network_sha256: _Digest
    devices_sha256: _Digest
    helpers: tuple[str, ...]
    topology: Topology
    max_ssim: float
    colluding: int
    solver: str
    holders: Holders
    layer_seconds: tuple[float, ...]

    @property
    def latency_seconds(self) -> float:
        """L_IoT of one request, equation (5)."""
        return sum(self.layer_seconds)

    def maps_of(self, helper: int, layer: int) -> tuple[int, ...]:
        """Give the maps of a layer that a helper holds."""
        return tuple(place for place, holder in enumerate(self.holders[layer]) if holder == helper)


class Violation(msgspec.Struct, frozen=True):
    """One constraint that a placement breaks.

    Attributes:
        constraint: Its number, as "8f".
        layer: Where; empty where a device breaks it over all layers.
        device: Which device, or devices; empty where it is a layer's.
        by: How far, in the constraint's own unit.
    """

    constraint: str
    layer: str
    device: str
    by: float

    def __str__(self) -> str:
        """Say it in one line."""
        where = " ".join(word for word in (self.layer, self.device) if word)
        return f"({self.constraint}) {where}: by {self.by:g}"


def encode_plan(plan: Plan) -> bytes:
    """Give the plan as JSON, the same bytes each time."""
    return msgspec.json.encode(plan, order="deterministic")


def decode_plan(data: bytes, network: Network, fleet: Fleet) -> Plan:
    """Read a plan back, for the network and the devices that are there now.

    Raises:
        BadPlan: it is none, or was made for another network or for other devices.
    """
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPlan(f"this is not a placement: {error}") from error
    if plan.network_sha256 != network.sha256:
        raise BadPlan(f"the placement is of another {plan.network} than {network.name} here; plan again")
    if plan.devices_sha256 != fleet.sha256:
        raise BadPlan("the placement is older than the devices: one came, left or changed; plan again")
    return plan


def violations(problem: Problem, holders: Holders) -> tuple[Violation, ...]:
    """Give every constraint that a placement breaks; none for one that may be run."""
    network, fleet, topology = problem.network, problem.fleet, problem.topology
    malformed = tuple(_malformed(network, holders, len(fleet.helpers)))
    if malformed:
        return malformed
    devices = len(fleet.devices)
    counts = count(network, holders, devices)
    used = usage(network, holders, topology, devices)
    room = problem.left
    return (
        *_exceeded("8b", fleet, used.memory, room.memory),
        *_exceeded("8c", fleet, used.multiplications, room.multiplications),
        *_exceeded("8d", fleet, used.sent, room.sent),
        *_exposed(problem, counts),
        *_scattered(network, counts),
        *_misplaced(network, problem.caps, counts, topology),
    )


def _malformed(network: Network, holders: Holders, helpers: int) -> Iterator[Violation]:
    """(8e), (8i): each map of each layer at exactly one device that there is."""
    if len(holders) != len(network.layers):
        yield Violation("8e", "", "", abs(len(holders) - len(network.layers)))
        return
    for layer, held in zip(network.layers, holders, strict=True):
        if len(held) != layer.maps_in:
            yield Violation("8e", layer.name, "", abs(len(held) - layer.maps_in))
        unknown = sum(not SOURCE <= holder < helpers for holder in held)
        if unknown:
            yield Violation("8i", layer.name, "", unknown)


def _exceeded(constraint: str, fleet: Fleet, used: Numbers, room: Numbers) -> Iterator[Violation]:
    over = used - room
    for place in np.flatnonzero(over > _SLACK * np.maximum(1.0, np.abs(room))):
        yield Violation(constraint, "", fleet.devices[place].name, float(over[place]))


def _exposed(problem: Problem, counts: Counts) -> Iterator[Violation]:
    """(8f), for the most that any `colluding` helpers see together."""
    caps, helpers = problem.caps, problem.fleet.helpers
    for place, layer in enumerate(problem.network.layers):
        if caps.is_free(problem.network, place):
            continue
        held = counts[place][1:]
        most = np.argsort(held, kind="stable")[::-1][: caps.colluding]
        over = int(held[most].sum()) - caps.most[place]
        if over > 0:
            seen = "+".join(helpers[each].name for each in most if held[each])
            yield Violation("8f", layer.name, seen, over)


def _scattered(network: Network, counts: Counts) -> Iterator[Violation]:
    """(8g): a fully connected layer at one device."""
    for layer, held in zip(network.layers, counts, strict=True):
        if layer.kind == "fc" and np.count_nonzero(held) > 1:
            yield Violation("8g", layer.name, "", int(np.count_nonzero(held)) - 1)


def _misplaced(network: Network, caps: Caps, counts: Counts, topology: Topology) -> Iterator[Violation]:
    """(8h): the source computes what it must and nothing else."""
    for layer, own, held in zip(network.layers, at_source(network, caps, topology), counts, strict=True):
        wrong = int(held[1:].sum()) if own else int(held[0])
        if wrong:
            yield Violation("8h", layer.name, "", wrong)
