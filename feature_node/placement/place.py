"""One function plans a placement, whichever solver does it, and checks what the solver says."""

from typing import Final

from feature_node.errors import BadPlan, Infeasible
from feature_node.placement.costs import Holders, Usage, layer_seconds
from feature_node.placement.model import Fleet, Network, Topology
from feature_node.placement.ours import Ours
from feature_node.placement.plan import Plan, violations
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem, Solver

OURS: Final[Solver] = Ours()


def place(
    network: Network,
    fleet: Fleet,
    caps: Caps,
    *,
    solver: Solver = OURS,
    topology: Topology = "mesh",
    left: Usage | None = None,
) -> Plan:
    """Plan who holds which maps of `network`; a plan that is given keeps every constraint.

    Args:
        network: What is placed.
        fleet: The source and the helpers.
        caps: How many maps of each layer a helper may hold.
        solver: Ours, Algorithm 1, or the lab's exact one.
        topology: Whether helpers send to each other, or answer the source; the run time does the latter.
        left: What the devices have left; all that they have where nothing is given.

    Raises:
        Infeasible: no placement was found; it says which constraint fails and by how much.
        BadPlan: the network cannot run so, or a solver broke a constraint.
    """
    if topology == "mesh" and not network.is_chain:
        raise BadPlan(
            f"{network.name}: its layers are no chain, so only a star can run it; take topology star"
        )
    if topology == "mesh" and any(device.message_seconds for device in fleet.devices):
        raise BadPlan("what a message costs is counted in a star alone; take topology star, or leave it out")
    if len(caps.most) != len(network.layers):
        raise BadPlan(f"{network.name} has {len(network.layers)} layers, the caps are of {len(caps.most)}")
    problem = Problem.of(network, fleet, caps, topology, left)
    holders = solver.solve(problem)
    broken = violations(problem, holders)
    if broken and broken[0].constraint in {"8b", "8c", "8d"}:
        lacks = broken[0]
        what = {"8b": "bytes of memory", "8c": "multiplications a period", "8d": "bytes to send a period"}
        text = f"{lacks.device} lacks {lacks.by:.0f} {what[lacks.constraint]}"
        raise Infeasible(lacks.constraint, "", lacks.by, text)
    if broken:
        raise BadPlan(f"{solver.name} broke {'; '.join(map(str, broken[:3]))}")
    return plan_of(problem, holders, solver.name)


def plan_of(problem: Problem, holders: Holders, solver: str) -> Plan:
    """Write down a placement that keeps every constraint, with what it takes."""
    network, fleet, caps = problem.network, problem.fleet, problem.caps
    return Plan(
        network=network.name,
        network_sha256=network.sha256,
        devices_sha256=fleet.sha256,
        helpers=tuple(device.name for device in fleet.helpers),
        topology=problem.topology,
        max_ssim=caps.max_ssim,
        colluding=caps.colluding,
        solver=solver,
        holders=holders,
        layer_seconds=tuple(layer_seconds(network, fleet, holders, problem.topology).tolist()),
    )
