"""Devices came or went: keep what still holds, hand out what they held, or plan anew where that is better."""

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from feature_node.errors import BadPlan, Infeasible, NoRoom
from feature_node.placement.costs import Counts, Holders, Numbers, Speeds, Usage
from feature_node.placement.fill import Stock
from feature_node.placement.levels import room_of
from feature_node.placement.model import SOURCE, Fleet, Network
from feature_node.placement.place import OURS, place, plan_of
from feature_node.placement.plan import Plan, violations
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem, Solver
from feature_node.placement.stages import Stage, stages_of
from feature_node.placement.sticky import Maps, Seen, settled

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
    seen: Sequence[Seen] = (),
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
        seen: What each helper has ever received of each layer, by its name: that counts against the caps,
            and maps go to those that know them. Empty: what each holds by the plan that was.

    Raises:
        BadPlan: the plan is of another network.
        Infeasible, NoRoom: the devices that are there cannot hold everything.
    """
    if plan.network_sha256 != network.sha256:
        raise BadPlan(f"the placement is of another {plan.network} than {network.name} here; plan again")
    problem = Problem.of(network, fleet, caps, plan.topology, left)
    holders = _repaired(problem, _renumbered(plan, fleet), seen)
    repaired = None
    if holders is not None and not violations(problem, holders):
        repaired = plan_of(problem, holders, plan.solver.removesuffix(_KEPT) + _KEPT)
    try:
        anew = place(network, fleet, caps, solver=solver, topology=plan.topology, left=left)
        anew = settled(anew, problem, seen)
    except (Infeasible, NoRoom):
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


def _repaired(problem: Problem, holders: list[list[int]], seen: Sequence[Seen]) -> Holders | None:
    """Hand out lost maps, each to a helper that may see it; none where one finds no room."""
    devices = len(problem.fleet.devices)
    stages = _stages(problem, holders)
    stock = Stock(problem.left)
    for stage in stages:
        if not stage.own:
            stock.take(stage, _counts(holders[stage.layers[0]], devices))
    for stage in stages:
        place = stage.layers[0]
        known = [seen[place].get(one.name, frozenset()) for one in problem.fleet.helpers] if seen else []
        taken = _Orphans(problem, stage, holders[place], stock, known).handed_over()
        if taken is None:
            return None
        for layer in stage.layers:
            holders[layer] = [taken.get(number, holder) for number, holder in enumerate(holders[layer])]
    return tuple(map(tuple, holders))


def _stages(problem: Problem, holders: Sequence[list[int]]) -> tuple[Stage, ...]:
    """Give stages whose layers have the same holders."""
    joined = stages_of(problem, "joined")
    alike = all(holders[layer] == holders[stage.layers[0]] for stage in joined for layer in stage.layers)
    return joined if alike else stages_of(problem, "all apart")


def _counts(held: Sequence[int], devices: int) -> Counts:
    there = [holder + 1 for holder in held if holder != _LOST]
    return np.bincount(np.array(there, dtype=np.int64), minlength=devices)


@final
class _Orphans:
    """The maps of a stage that nobody holds any more, and who may take them."""

    def __init__(
        self, problem: Problem, stage: Stage, holders: list[int], stock: Stock, known: Sequence[Maps]
    ) -> None:
        self._stage = stage
        self._stock = stock
        self._lost = [number for number, holder in enumerate(holders) if holder == _LOST]
        self._held = _counts(holders, len(problem.fleet.devices))
        self._pace = Speeds.of(problem.fleet).multiplications[1:] / max(stage.work, 1e-6)
        # Where nobody remembers what was seen, a helper has seen what it holds.
        now: dict[int, set[int]] = {}
        for number, holder in enumerate(holders):
            now.setdefault(holder, set()).add(number)
        helpers = range(len(problem.fleet.helpers))
        self._known = [(known[h] if known else frozenset()).union(now.get(h, ())) for h in helpers]

    def handed_over(self) -> dict[int, int] | None:
        """Give who takes each; none where one finds nobody."""
        if not self._lost:
            return {}
        room = self._room()
        more = np.zeros(len(self._held), dtype=np.int64)
        taken: dict[int, int] = {}
        step = len(self._lost) if self._stage.single else 1
        for first in range(0, len(self._lost), step):
            numbers = self._lost[first : first + step]
            taker = self._taker(numbers, room)
            if taker is None:
                return None
            taken |= dict.fromkeys(numbers, taker)
            self._known[taker] = self._known[taker].union(numbers)
            room[taker] -= step
            more[taker + 1] += step
            self._held[taker + 1] += step
        self._stock.take(self._stage, more)
        return taken

    def _room(self) -> Numbers:
        # Who holds some already answers anyway, and needs no more bandwidth for it.
        left = self._stock.left
        sent = np.where(self._held > 0, np.inf, left.sent)
        free = Usage(left.memory, left.multiplications, sent)
        room = np.minimum(room_of(self._stage, free), self._stage.share - self._held[1:])
        return np.where(room >= self._stage.maps, room, 0.0) if self._stage.single else room

    def _taker(self, numbers: Sequence[int], room: Numbers) -> int | None:
        """Give the helper that learns least from these maps, and of those the one that is done first."""
        best: tuple[int, float, int] | None = None
        for helper, known in enumerate(self._known):
            news = sum(number not in known for number in numbers)
            if room[helper] < len(numbers) or len(known) + news > self._stage.share:
                continue
            done = float((self._held[helper + 1] + len(numbers)) / self._pace[helper])
            if best is None or (news, done, helper) < best:
                best = (news, done, helper)
        return best[2] if best else None
