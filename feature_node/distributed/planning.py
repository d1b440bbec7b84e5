"""Plans who holds which maps of a cut network: near to the plan that was, and to what each helper has seen.

The planner (`feature_node.placement`) knows what devices can do; the record of exposures knows what each has
seen. A placement that comes out of here may be run: no helper ever sees more of a layer than its cap.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import msgspec

from broker.helpers import HelperCapacity
from feature_node.distributed.cut import Convolution, Cut, CutLayer
from feature_node.distributed.exposure import Exposure
from feature_node.distributed.messages import FREE, MessageSeconds
from feature_node.errors import BadPlan, Infeasible, NoPlacement, NoRoom
from feature_node.placement.costs import layer_seconds
from feature_node.placement.model import FLOAT_BYTES, Device, Fleet, Layer, Network, Topology
from feature_node.placement.place import OURS, place
from feature_node.placement.plan import Plan
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem, Solver
from feature_node.placement.replan import replan
from feature_node.placement.sticky import Seen, Shares, settled
from models.placement_table import PlacementTable

SOURCE_NAME: Final = "the source"
_STAR: Final[Topology] = "star"
_PERIOD_SECONDS: Final = 3600.0
_UNBOUNDED: Final = 1e15


@final
@dataclass(frozen=True)
class Placement:
    """Who holds what.

    Attributes:
        plan: What the planner said; how long it expects a frame to take.
        shares: Of each layer, each helper's maps.
        runs: The helpers that it was made for, each with its run: others need another placement.
        message_seconds: Of the seconds that the planner expects, what messages cost besides their bytes.
    """

    plan: Plan
    shares: tuple[Shares, ...]
    runs: frozenset[tuple[str, int]]
    message_seconds: float = 0.0

    def holders(self, layer: int, maps: frozenset[int]) -> Shares:
        """Give those of some maps of a layer that each helper holds."""
        shares = {h: tuple(n for n in numbers if n in maps) for h, numbers in self.shares[layer].items()}
        return {helper: numbers for helper, numbers in shares.items() if numbers}


@final
class Planner:
    """Plans for the helpers that are there."""

    def __init__(
        self,
        cut: Cut,
        network: Network,
        caps: Caps,
        source: Device,
        exposure: Exposure,
        *,
        table: PlacementTable | None = None,
        solver: Solver = OURS,
    ) -> None:
        """Plan for a cut network; `network` is its `network_of`, `caps` are of that, read off `table`."""
        self._table = table
        self.network = network
        self.kept = cut.kept
        self._tensors = tuple(layer.tensor for layer in cut.layers)
        self.caps = caps
        self._source = source
        self._exposure = exposure
        self._solver = solver
        self._last: Plan | None = None

    def plan(self, helpers: Sequence[HelperCapacity], messages: MessageSeconds = FREE) -> Placement:
        """Place all layers, and note on disk what each helper is about to see.

        Args:
            helpers: Who is there.
            messages: What a message costs the edge and each of them, besides its bytes.

        Raises:
            NoPlacement: These helpers may not or cannot hold everything; the text says what fails.
            BadExposure: What they will see cannot be noted.
        """
        if not helpers:
            raise NoPlacement("no helper is there")
        source = msgspec.structs.replace(self._source, message_seconds=messages.source)
        devices = (_device(one, messages.helpers.get(one.helper, 0.0)) for one in helpers)
        fleet = Fleet(source=source, helpers=tuple(devices))
        try:
            plan = self._planned(fleet)
        except (Infeasible, BadPlan, NoRoom) as error:
            raise NoPlacement(f"{len(helpers)} helpers are there: {error}") from error
        shares = tuple(_shares(plan, layer) for layer in range(1, len(plan.holders) - 1))
        # Also of layers that are free of a cap today: a site may ask for more tomorrow.
        self._exposure.add({self._tensors[k]: shares_ for k, shares_ in enumerate(shares)})
        self._last = plan
        runs = frozenset((helper.helper, helper.run) for helper in helpers)
        return Placement(plan, shares, runs, plan.latency_seconds - self._published(plan, fleet))

    def _published(self, plan: Plan, fleet: Fleet) -> float:
        """Give the seconds of a plan by the model as published, in which messages are free."""
        source, *helpers = (msgspec.structs.replace(one, message_seconds=0.0) for one in fleet.devices)
        free = Fleet(source=source, helpers=tuple(helpers))
        return float(layer_seconds(self.network, free, plan.holders, _STAR).sum())

    def _planned(self, fleet: Fleet) -> Plan:
        """Keep what holds of the last plan; without one, begin with what helpers have seen before."""
        seen: tuple[Seen, ...] = ({}, *map(self._exposure.of, self._tensors), {})
        network, caps = self.network, self.caps
        if self._last is not None:
            return replan(self._last, network, fleet, caps, solver=self._solver, seen=seen)
        plan = place(network, fleet, caps, solver=self._solver, topology=_STAR)
        return settled(plan, Problem.of(network, fleet, caps, _STAR), seen)

    def share(self, layer: int) -> int:
        """Give how many maps of a handed-out layer one helper may ever see."""
        return self.caps.share(self.network, layer + 1)

    def ssim(self, layer: int, maps: int) -> float | None:
        """Give what so many maps of a handed-out layer give away by the table; None where it does not say."""
        return self._table.at_most(self.network.layers[layer + 1].name, maps) if self._table else None

    def seen(self, layer: int) -> Seen:
        """Give the maps of a handed-out layer that each helper has ever received."""
        return self._exposure.of(self._tensors[layer])


def _shares(plan: Plan, layer: int) -> Shares:
    """Give each helper's maps of a layer, rising; helpers without any are left out."""
    shares = {name: plan.maps_of(helper, layer) for helper, name in enumerate(plan.helpers)}
    return {name: maps for name, maps in shares.items() if maps}


def network_of(cut: Cut, name: str, measured: Sequence[str]) -> Network:
    """Describe a cut network to the planner: the first layers, those handed out, and the last ones.

    Args:
        cut: The network.
        name: Its name.
        measured: Names of measured layers: where a layer has several, one of these is taken.
    """
    first, *rest = (piece.multiplications for piece in cut.pieces)
    begin, end = cut.layers[0], cut.layers[-1].convolutions[-1]
    head = _own(f"before {begin.name}", first)
    tail = _own(f"after {end.node}", sum(rest))
    return Network(name=name, layers=(head, *(_layer(layer, measured) for layer in cut.layers), tail))


def _own(name: str, multiplications: int) -> Layer:
    """Describe what the source runs itself (8h); nothing of it is sent, whatever the size of its maps."""
    return Layer(
        name=name,
        kind="conv",
        maps_in=1,
        maps_out=1,
        multiplications=multiplications,
        map_bytes_in=FLOAT_BYTES,
        map_bytes_out=FLOAT_BYTES,
    )


def _layer(layer: CutLayer, measured: Sequence[str]) -> Layer:
    """Describe one handed-out layer by what one of its segments (input maps) costs."""
    outputs = sum(convolution.maps_out for convolution in layer.convolutions)
    answered = sum(c.maps_out * c.rows * c.columns for c in layer.convolutions) * FLOAT_BYTES
    return Layer(
        name=next((name for name in layer.names if name in measured), layer.name),
        kind="conv",
        maps_in=layer.maps_in,
        maps_out=outputs,
        multiplications=sum(map(_segment_points, layer.convolutions)),  # (2)
        weight_bytes=sum(_segment_weights(c) for c in layer.convolutions) * FLOAT_BYTES,  # (4)
        map_bytes_in=layer.rows * layer.columns * FLOAT_BYTES,
        map_bytes_out=math.ceil(answered / outputs),
    )


def _segment_weights(convolution: Convolution) -> int:
    return math.prod(convolution.size) * (convolution.maps_out // convolution.group)


def _segment_points(convolution: Convolution) -> int:
    return _segment_weights(convolution) * convolution.rows * convolution.columns


def _device(helper: HelperCapacity, message_seconds: float) -> Device:
    speed, rate = helper.multiplications_per_second, helper.bytes_per_second
    return Device(
        name=helper.helper,
        memory_bytes=float(helper.memory_bytes),
        multiplications_per_second=speed,
        multiplications=min(_PERIOD_SECONDS * speed, _UNBOUNDED),
        bandwidth_bytes=min(_PERIOD_SECONDS * rate, _UNBOUNDED),
        rate_bytes_per_second=rate,
        message_seconds=message_seconds,
    )


def source_device(multiplications_per_second: float, rate_bytes_per_second: float) -> Device:
    """Describe the edge itself: it may keep whatever it has loaded."""
    return Device(
        name=SOURCE_NAME,
        memory_bytes=_UNBOUNDED,
        multiplications_per_second=multiplications_per_second,
        multiplications=_UNBOUNDED,
        bandwidth_bytes=_UNBOUNDED,
        rate_bytes_per_second=rate_bytes_per_second,
    )
