"""What a solver is asked, and what a solver is."""

from dataclasses import dataclass
from typing import Protocol, Self

from feature_node.placement.costs import Holders, Usage
from feature_node.placement.model import Fleet, Network, Topology
from feature_node.placement.privacy import Caps


@dataclass(frozen=True, slots=True)
class Problem:
    """Place `network` on `fleet` within `caps` and within what the devices have left."""

    network: Network
    fleet: Fleet
    caps: Caps
    topology: Topology
    left: Usage

    @classmethod
    def of(
        cls, network: Network, fleet: Fleet, caps: Caps, topology: Topology, left: Usage | None = None
    ) -> Self:
        """State a problem; without `left` the devices are idle."""
        return cls(network, fleet, caps, topology, left or Usage.capacities(fleet))


class Solver(Protocol):
    """Finds who holds which maps."""

    @property
    def name(self) -> str:
        """What a plan calls it."""
        ...

    def solve(self, problem: Problem) -> Holders:
        """Give a placement.

        Raises:
            Infeasible: it finds none that keeps every constraint.
        """
        ...
