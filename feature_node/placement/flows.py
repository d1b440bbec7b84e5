"""How maps go from those that hold them to those that take them, where they are sent on as they are."""

from collections.abc import Sequence

import numpy as np

from feature_node.placement.costs import Counts, Holders
from feature_node.placement.stages import Stage

Flow = list[tuple[int, int, int]]
"""From which device, to which, how many maps; devices as they stand in arrays, the source at 0."""


def flow(givers: Counts, takers: Counts) -> Flow:
    """Match two placements of as many maps: what a device both holds and takes stays; the rest moves.

    Whoever has most to give gives first to whoever lacks most, so that few pairs send at all.
    """
    rest = (givers - takers).tolist()
    found = [(place, place, kept) for place, kept in enumerate(np.minimum(givers, takers).tolist()) if kept]
    surplus = sorted((place for place, more in enumerate(rest) if more > 0), key=lambda p: -rest[p])
    lack = sorted((place for place, more in enumerate(rest) if more < 0), key=lambda p: rest[p])
    at = 0
    for giver in surplus:
        while rest[giver]:
            taker = lack[at]
            sent = min(rest[giver], -rest[taker])
            found.append((giver, taker, sent))
            rest[giver] -= sent
            rest[taker] += sent
            at += rest[taker] == 0
    return found


def holders_of(stages: Sequence[Stage], helds: Sequence[Counts]) -> Holders:
    """Name the holder of each map of each layer, so that maps move as `flow` says and else stay."""
    holders: list[tuple[int, ...]] = []
    for place, (stage, held) in enumerate(zip(stages, helds, strict=True)):
        if place and not stages[place - 1].answer and np.array_equal(helds[place - 1], held):
            named = holders[-1]
        elif place and not stages[place - 1].answer:
            pools: dict[int, list[int]] = {}
            for giver, taker, many in flow(helds[place - 1], held):
                pools.setdefault(giver - 1, []).extend([taker - 1] * many)
            named = tuple(pools[holder].pop() for holder in holders[-1])
        else:
            named = tuple(np.repeat(np.arange(-1, len(held) - 1), held).tolist())
        holders.extend(named for _ in stage.layers)
    return tuple(holders)
