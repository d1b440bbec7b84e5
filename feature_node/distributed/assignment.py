"""Gives the maps of one layer to helpers so that none ever sees more of them than it may.

A plan says how many maps each helper is to hold; maps of a layer cost the same, so which ones is free. It is
chosen so that helpers get again what they have seen, because that gives nothing more away.
"""

from collections.abc import Mapping
from typing import Final, final

from feature_node.distributed.exposure import Maps, Seen
from feature_node.errors import NoRoom

Shares = Mapping[str, tuple[int, ...]]
_NOTHING: Final = frozenset[int]()


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
