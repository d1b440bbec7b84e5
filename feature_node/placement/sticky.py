"""Names which maps a plan's helpers hold, so that none ever sees more of a layer than it may.

A plan says how many maps each helper is to hold; maps of a layer cost the same, so which ones is free. It is
chosen so that helpers get again what they have seen, because that gives nothing more away.
"""

from collections.abc import Mapping, Sequence
from typing import Final, final

import numpy as np

from feature_node.errors import Infeasible, NoRoom
from feature_node.placement.costs import Holders
from feature_node.placement.place import plan_of
from feature_node.placement.plan import Plan, violations
from feature_node.placement.problem import Problem

Maps = frozenset[int]
Seen = Mapping[str, Maps]
"""What each helper has ever received of one layer."""
Shares = Mapping[str, tuple[int, ...]]
_NOTHING: Final = frozenset[int]()


def settled(plan: Plan, problem: Problem, seen: Sequence[Seen]) -> Plan:
    """Give the same plan with its maps named, for helpers that have seen some before.

    Args:
        plan: Who is to hold how many maps; for a star, where layers do not depend on each other.
        problem: What it was made for.
        seen: What each helper has seen of each layer; empty where nobody has seen anything.

    Raises:
        NoRoom: The maps cannot be given so that nobody sees too many.
        Infeasible: They can, but some helper has no memory or bandwidth for what it would get.
    """
    if not any(seen):
        return plan
    holders: Holders = tuple(
        _named(plan, problem, layer, known) if known else held
        for layer, (held, known) in enumerate(zip(plan.holders, seen, strict=True))
    )
    broken = violations(problem, holders)
    if broken:
        lacks = broken[0]
        text = f"{lacks.device} lacks {lacks.by:.0f} where helpers get again what they have seen"
        raise Infeasible(lacks.constraint, lacks.layer, lacks.by, text)
    return plan_of(problem, holders, plan.solver)


def _named(plan: Plan, problem: Problem, layer: int, seen: Seen) -> tuple[int, ...]:
    """Give the holders of one layer's maps."""
    places = {name: place for place, name in enumerate(plan.helpers)}
    counts = np.bincount(np.asarray(plan.holders[layer]) + 1, minlength=len(places) + 1)[1:]
    wanted = {name: int(counts[place]) for name, place in places.items()}
    described = problem.network.layers[layer]
    try:
        shares = assigned(described.maps_in, wanted, seen, problem.caps.share(problem.network, layer))
    except NoRoom as error:
        raise NoRoom(f"{described.name}: {error}") from error
    holders = [0] * described.maps_in
    for name, numbers in shares.items():
        for number in numbers:
            holders[number] = places[name]
    return tuple(holders)


def assigned(maps: int, wanted: Mapping[str, int], seen: Seen, share: int) -> Shares:
    """Give each map to one helper.

    Args:
        maps: How many maps the layer takes.
        wanted: The helpers that are there, and how many maps the plan gives each.
        seen: What each helper has ever received of this layer.
        share: How many different maps one helper may ever receive.

    Raises:
        NoRoom: No such assignment exists: the maps that no helper here has seen are more than they may
            still see together. (Every map that one of them has seen can go to that one, so this is exact.)
    """
    table = _Table(wanted, seen, share)
    strange = [number for number in range(maps) if not table.knowers(number)]
    lacking = len(strange) - table.allowance
    if lacking > 0:
        raise NoRoom(f"{lacking} of {maps} maps have no helper that may see them ({share} each)")
    for number in strange:
        table.give(number, table.newcomer(only_in_need=False))
    for number in range(maps):
        if number not in table.holders:
            table.give(number, table.newcomer(only_in_need=True) or table.knowing(number))
    return table.shares()


@final
class _Table:
    """Who holds what so far, and who may still see how much."""

    def __init__(self, wanted: Mapping[str, int], seen: Seen, share: int) -> None:
        self._seen: dict[str, Maps] = {helper: seen.get(helper, _NOTHING) for helper in sorted(wanted)}
        # Who has seen too much (the cap has become tighter) gets nothing at all.
        self._seen = {helper: maps for helper, maps in self._seen.items() if len(maps) <= share}
        self._may = {helper: share - len(maps) for helper, maps in self._seen.items()}
        self._wanted = dict(wanted)
        self.holders: dict[int, str] = {}

    @property
    def allowance(self) -> int:
        """How many maps that are new to them the helpers may see together."""
        return sum(self._may.values())

    def knowers(self, number: int) -> list[str]:
        """Name the helpers that have seen a map."""
        return [helper for helper, maps in self._seen.items() if number in maps]

    def knowing(self, number: int) -> str:
        """Name the helper that has seen a map and lacks most."""
        return max(self.knowers(number), key=self._lack)

    def newcomer(self, *, only_in_need: bool) -> str:
        """Name the helper that may see another map and lacks most; empty for none.

        In need are helpers that the plan wants and that have seen nothing of this layer: others keep what
        they may still see for the day on which somebody fails.
        """
        able = [helper for helper, left in self._may.items() if left > 0]
        if only_in_need:
            able = [helper for helper in able if not self._seen[helper] and self._lack(helper) > 0]
        return max(able, key=self._lack, default="")

    def give(self, number: int, helper: str) -> None:
        """Let a helper hold a map."""
        self.holders[number] = helper
        self._wanted[helper] -= 1
        if number not in self._seen[helper]:
            self._may[helper] -= 1

    def shares(self) -> Shares:
        """Give each helper's maps, rising; helpers without any are left out."""
        shares: dict[str, list[int]] = {}
        for number, helper in sorted(self.holders.items()):
            shares.setdefault(helper, []).append(number)
        return {helper: tuple(numbers) for helper, numbers in shares.items()}

    def _lack(self, helper: str) -> int:
        return self._wanted[helper]
