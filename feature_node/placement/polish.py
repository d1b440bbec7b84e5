"""Make a placement quicker: move maps between helpers, and fill stages anew, while that gains."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from feature_node.placement.costs import Counts
from feature_node.placement.problem import Problem
from feature_node.placement.refill import refill
from feature_node.placement.search import Search
from feature_node.placement.stages import Stage

_TRIES_AT_FEW: Final = 20_000
"""Changes tried times stages, at a site of few helpers: what changes a deep network must be found quickly."""
_TRIES_IN_A_STAR: Final = 100
_TRIES: Final = 1600
"""Changes tried times helpers: a large site has more to look at, and no more time for it."""
_GIVERS: Final = 4
_TAKERS: Final = 5
_FEW: Final = 16
"""Up to so many helpers stages are filled anew."""


def polish(
    problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts], share: float = 1.0
) -> tuple[float, list[Counts]]:
    """Give a placement that is as quick or quicker, keeps every constraint, and its seconds.

    Args:
        problem: What is placed.
        stages: Its stages.
        helds: The placement.
        share: Part of the tries that it may use.
    """
    helpers = max(1, len(problem.fleet.helpers))
    tries = _TRIES_AT_FEW / len(stages) if helpers <= _FEW else _TRIES / helpers
    if problem.topology == "star":
        tries = min(tries, _TRIES_IN_A_STAR)  # its stages do not depend on each other: little is left to gain
    search = Search(problem, stages, helds, int(share * tries))
    gained = True
    while gained and search.tries > 0:
        gained = _move_some(search)
        if helpers <= _FEW:
            for place in range(len(stages)):
                for places in _together(search, place):
                    gained = (search.tries > 0 and refill(search, places)) or gained
    return search.total, search.helds


def _move_some(search: Search) -> bool:
    """Take each move that gains, the slowest stages first, until none does; say whether any did."""
    ever, gained = False, True
    while gained:
        gained = False
        for place in np.argsort(search.seconds)[::-1].tolist():
            for changed in _moves(search, place):
                if search.tries <= 0:
                    return ever
                if search.change(changed):
                    gained = ever = True
                    break
    return ever


def _together(search: Search, place: int) -> list[tuple[int, ...]]:
    """Give a stage alone, and with the one in front that passes its maps on to it."""
    stages = search.stages
    if stages[place].own:
        return []
    before = stages[place - 1]
    return [(place,)] if before.answer or before.own else [(place,), (place - 1, place)]


def _moves(search: Search, place: int) -> Iterator[dict[int, Counts]]:
    """Give moves of one map, of half and of all that a device holds."""
    stage, held = search.stages[place], search.helds[place]
    for places in _together(search, place):
        for giver in _givers(search, place):
            for taker in _takers(search, place):
                most = int(min(held[giver], stage.share - held[taker]))
                if taker == giver or most <= 0:
                    continue
                for many in sorted({most} if stage.single else {1, (most + 1) // 2, most}):
                    changed = {each: _moved(search, each, giver, taker, many) for each in places}
                    if all(change is not None for change in changed.values()):
                        yield {each: change for each, change in changed.items() if change is not None}


def _loads(search: Search, place: int) -> np.ndarray:
    stage = search.stages[place]
    # Without work the maps themselves are the load: each must be sent.
    return search.helds[place] * max(stage.work, 1e-6) / search.speeds.multiplications


def _givers(search: Search, place: int) -> list[int]:
    """Give the holders that take longest, and the slowest sender."""
    held = search.helds[place]
    longest = [giver for giver in np.argsort(-_loads(search, place))[:_GIVERS].tolist() if held[giver]]
    slowest = int(np.where(held > 0, search.speeds.rates, np.inf).argmin())
    return list(dict.fromkeys([*longest, slowest]))


def _takers(search: Search, place: int) -> list[int]:
    """Give the helpers with room that are done first."""
    stage, held = search.stages[place], search.helds[place]
    able = held == 0 if stage.single else held < stage.share
    able[0] = False
    order = np.lexsort((-search.speeds.multiplications, _loads(search, place), ~able))
    return [taker for taker in order[:_TAKERS].tolist() if able[taker]]


def _moved(search: Search, place: int, giver: int, taker: int, many: int) -> Counts | None:
    stage, held = search.stages[place], search.helds[place]
    if held[giver] < many or held[taker] + many > stage.share:
        return None
    changed = held.copy()
    changed[giver] -= many
    changed[taker] += many
    return changed
