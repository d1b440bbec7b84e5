"""Show each helper less where that costs next to nothing: the same maps over more helpers, and evenly.

A cap says what a helper may see, not what it must. Of two placements that take as long, the one that shows
each helper less is better; one that is a few per cent slower is taken too. For a star, where layers do not
depend on each other.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from feature_node.placement.costs import Counts
from feature_node.placement.problem import Problem
from feature_node.placement.search import Search
from feature_node.placement.stages import Stage

EASE: Final = 0.02
"""How much longer, as a share of all its seconds, a placement may take so that helpers see less."""


def evened(
    problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts], ease: float = EASE
) -> list[Counts]:
    """Give a placement whose largest shares are as small as so many more seconds allow; first layers first.

    Args:
        problem: What is placed, in a star.
        stages: Its stages.
        helds: A placement that keeps every constraint; so does the one that is given.
        ease: How much longer it may take.
    """
    search = Search(problem, stages, helds, 0)
    most = (1 + ease) * search.total
    for place, stage in enumerate(stages):
        if not (stage.own or stage.single):
            _even_out(search, place, most)
    return search.helds


def _even_out(search: Search, place: int, most: float) -> None:
    """Give a stage to as many helpers as `most` seconds allow; the more, the longer their answers queue."""
    stage, held = search.stages[place], search.helds[place]
    order = np.lexsort((-search.speeds.multiplications[1:], -held[1:])) + 1  # who holds most comes first
    fewest, widest = int(np.count_nonzero(held[1:])), min(len(order), stage.maps)
    _ease(search, place, order[:fewest], most)
    while fewest < widest:
        tried = (fewest + widest + 1) // 2
        if _ease(search, place, order[:tried], most):
            fewest = tried
        else:
            widest = tried - 1


def _ease(search: Search, place: int, takers: Counts, most: float) -> bool:
    held = search.helds[place]
    each, more = divmod(search.stages[place].maps, len(takers))
    shared = np.zeros_like(held)
    shared[takers] = each
    shared[takers[:more]] += 1
    return bool(shared.max() < held.max()) and search.ease(place, shared, most)
