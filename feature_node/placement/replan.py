"""Devices came or went: keep what still holds, hand out what they held, or plan anew where that is better."""

import heapq
from collections.abc import Sequence
from typing import Final

import numpy as np

from feature_node.errors import BadPlan, Infeasible
from feature_node.placement.costs import Counts, Holders, Speeds, Usage
from feature_node.placement.fill import Stock
from feature_node.placement.levels import room_of
from feature_node.placement.model import SOURCE, Fleet, Network
from feature_node.placement.place import OURS, place, plan_of
from feature_node.placement.plan import Plan, violations
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem, Solver
from feature_node.placement.stages import Stage, stages_of

WORTH: Final = 1.5
"""A new plan makes helpers fetch weights: it must be so many times quicker than the repaired one."""

_LOST: Final = -2
_KEPT: Final = " repaired"


def replan(
    plan: Plan,
    network: Network,
    fleet: Fleet,
    caps: Caps,
    *,
    solver: Solver = OURS,
    left: Usage | None = None,
    worth: float = WORTH,
) -> Plan:
    """Plan for the devices that are there now, near to the plan that was.

    Args:
        plan: What was planned, for other devices; helpers are known by their names.
        network: The network it was made for.
        fleet: The devices now.
        caps: What each may see.
        solver: Who plans anew.
        left: What the devices have left.
        worth: How many times quicker a new plan must be to be taken; infinite keeps whatever holds.

    Raises:
        BadPlan: the plan is of another network.
        Infeasible: the devices that are there cannot hold everything.
    """
    if plan.network_sha256 != network.sha256:
        raise BadPlan(f"the placement is of another {plan.network} than {network.name} here; plan again")
    problem = Problem.of(network, fleet, caps, plan.topology, left)
    holders = _repaired(problem, _renumbered(plan, fleet))
    repaired = None
    if holders is not None and not violations(problem, holders):
        repaired = plan_of(problem, holders, plan.solver.removesuffix(_KEPT) + _KEPT)
    try:
        anew = place(network, fleet, caps, solver=solver, topology=plan.topology, left=left)
    except Infeasible:
        if repaired is None:
            raise
        return repaired
    if repaired is None or repaired.latency_seconds > worth * anew.latency_seconds:
        return anew
    return repaired


def _renumbered(plan: Plan, fleet: Fleet) -> list[list[int]]:
    """Give the old holders by their places among the devices now; `_LOST` where a device is gone."""
    now = {device.name: place for place, device in enumerate(fleet.helpers)}
    names = {place: now.get(name, _LOST) for place, name in enumerate(plan.helpers)} | {SOURCE: SOURCE}
    return [[names[holder] for holder in held] for held in plan.holders]


def _repaired(problem: Problem, holders: list[list[int]]) -> Holders | None:
    """Hand out lost maps, each to the helper that is done with it first; none where one finds no room."""
    devices = len(problem.fleet.devices)
    stages = _stages(problem, holders)
    stock = Stock(problem.left)
    kept = [_counts(holders[stage.layers[0]], devices) for stage in stages]
    for stage, held in zip(stages, kept, strict=True):
        if not stage.own:
            stock.take(stage, held)
    for stage, held in zip(stages, kept, strict=True):
        lost = holders[stage.layers[0]].count(_LOST)
        taken = _takers(stage, held, lost, stock, Speeds.of(problem.fleet))
        if taken is None:
            return None
        for layer in stage.layers:
            rest = iter(taken)
            holders[layer] = [next(rest) if holder == _LOST else holder for holder in holders[layer]]
    return tuple(map(tuple, holders))


def _stages(problem: Problem, holders: Sequence[list[int]]) -> tuple[Stage, ...]:
    """Give stages whose layers have the same holders."""
    joined = stages_of(problem, "joined")
    alike = all(holders[layer] == holders[stage.layers[0]] for stage in joined for layer in stage.layers)
    return joined if alike else stages_of(problem, "all apart")


def _counts(held: Sequence[int], devices: int) -> Counts:
    there = [holder + 1 for holder in held if holder != _LOST]
    return np.bincount(np.array(there, dtype=np.int64), minlength=devices)


def _takers(stage: Stage, held: Counts, lost: int, stock: Stock, speeds: Speeds) -> list[int] | None:
    if not lost:
        return []
    # Who holds some already answers anyway, and needs no more bandwidth for it.
    sent = np.where(held > 0, np.inf, stock.left.sent)
    free = Usage(stock.left.memory, stock.left.multiplications, sent)
    room = np.minimum(room_of(stage, free), stage.share - held[1:])
    if stage.single:
        room = np.where(room >= stage.maps, room, 0.0)
    pace = speeds.multiplications[1:] / max(stage.work, 1e-6)
    queue = [((held[place + 1] + 1) / pace[place], place) for place in range(len(room)) if room[place] >= 1]
    heapq.heapify(queue)
    more = np.zeros(len(held), dtype=np.int64)
    while queue and int(more.sum()) < lost:
        done, place = heapq.heappop(queue)
        many = lost if stage.single else 1
        more[place + 1] += many
        if more[place + 1] < room[place]:
            heapq.heappush(queue, (done + 1 / pace[place], place))
    if int(more.sum()) < lost:
        return None
    stock.take(stage, more)
    return [int(place) for place in np.repeat(np.arange(-1, len(more) - 1), more)]
