"""Our solver: choose for all stages together, then fill the scarcest first.

Maps of one layer are alike, so numbers of maps are planned, not maps. The choices of all stages (which
helpers may take part, how many maps each) are a shortest path (`route`); stages are then filled beginning
with the one that has the least room to spare, and one that found none goes first in the next attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, final

import numpy as np

from feature_node.placement.costs import Counts, Holders, Speeds
from feature_node.placement.evening import EASE, evened
from feature_node.placement.fill import Stock, fill
from feature_node.placement.flows import holders_of
from feature_node.placement.levels import room_of
from feature_node.placement.polish import polish
from feature_node.placement.problem import Problem
from feature_node.placement.reasons import why_not
from feature_node.placement.route import Choice, Survey, route
from feature_node.placement.score import seconds_of
from feature_node.placement.stages import Cut, Stage, stages_of
from feature_node.placement.star import star_choice

_ATTEMPTS: Final = 8
_STARTS: Final = 5
_FEW: Final = 16

Way = tuple[float, float]
"""What a second of answers counts against one of latency, and how much longer than it must a stage takes."""

_QUICK: Final[tuple[Way, ...]] = ((0.0, 1.0), (0.02, 1.0))
_SPARING: Final[tuple[Way, ...]] = ((0.02, 2.0), (0.2, 4.0), (0.2, 8.0), (1.0, 1e9))


@dataclass(frozen=True, slots=True)
class Draft:
    """Maps of each stage by device, and what is small if it is good: seconds, or seconds and use."""

    stages: tuple[Stage, ...]
    helds: list[Counts]
    score: float


@final
class Ours:
    """Look-ahead over the stages, scarcest stage first, moves at the end."""

    name: Final = "ours"

    def __init__(self, thrift: float = 0.0, ease: float = EASE) -> None:
        """Plan for the least seconds of one request, or so that others find room too.

        Args:
            thrift: How many per cent more seconds one per cent less of the scarcest resource is worth. 0 is
                for one request; with more, requests that follow each other are planned.
            ease: How much longer, as a share, a star may take so that each helper sees less.
        """
        self.thrift = thrift
        self.ease = ease

    def solve(self, problem: Problem) -> Holders:
        """See `Solver`.

        Raises:
            Infeasible: no attempt found room for every map.
        """
        drafts = self._drafts(problem, _QUICK if not self.thrift else (_QUICK[-1], *_SPARING))
        # Few holders need the least bandwidth: what finds no room otherwise may find it so.
        drafts = drafts or self._drafts(problem, _SPARING)
        if not drafts:
            raise why_not(problem, stages_of(problem, "dense apart"))
        best = sorted(drafts, key=lambda draft: draft.score)
        apart, few = stages_of(problem, "all apart"), len(problem.fleet.helpers) <= _FEW
        if self.thrift:
            return holders_of(apart, self._eased(problem, apart, spread(best[0], apart)))
        found = [spread(draft, apart) for draft in best[: _STARTS if few else 1]]
        starts = {tuple(held.tobytes() for held in helds): helds for helds in found}
        ends = [polish(problem, apart, start, 1 / len(starts)) for start in starts.values()]
        return holders_of(apart, self._eased(problem, apart, min(ends, key=lambda end: end[0])[1]))

    def _eased(self, problem: Problem, stages: Sequence[Stage], helds: list[Counts]) -> list[Counts]:
        """Show each helper less than the quickest placement does, where the run time's star allows it."""
        return evened(problem, stages, helds, self.ease) if problem.topology == "star" else helds

    def _drafts(self, problem: Problem, ways: Sequence[Way]) -> list[Draft]:
        survey = Survey(problem.left, Speeds.of(problem.fleet))
        found = []
        for stages in _cuttings(problem):
            choices = _choices(problem, stages, survey, ways)
            for chosen, order in product(choices, _orders(problem, stages)):
                helds = _filled(problem, stages, chosen, order)
                if helds is not None:
                    found.append(Draft(stages, helds, self._score(problem, stages, helds)))
        return found

    def _score(self, problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts]) -> float:
        seconds = sum(seconds_of(stages, helds, Speeds.of(problem.fleet), problem.topology))
        if not self.thrift:
            return seconds
        used = Stock(problem.left)
        for stage, held in zip(stages, helds, strict=True):
            used.take(stage, held)
        return float(seconds * used.strain_of_helpers() ** self.thrift)


def spread(draft: Draft, finer: Sequence[Stage]) -> list[Counts]:
    """Give the same placement by finer stages."""
    by_layer = {
        place: held for stage, held in zip(draft.stages, draft.helds, strict=True) for place in stage.layers
    }
    return [by_layer[stage.layers[0]].copy() for stage in finer]


def _cuttings(problem: Problem) -> list[tuple[Stage, ...]]:
    """Give the ways of treating what stands before a layer that takes maps as they are."""
    few = len(problem.fleet.helpers) <= _FEW
    cuts: tuple[Cut, ...] = ("dense apart", "joined", "all apart") if few else ("dense apart",)
    return list(dict.fromkeys(stages_of(problem, cut) for cut in cuts))


def _choices(
    problem: Problem, stages: Sequence[Stage], survey: Survey, ways: Sequence[Way]
) -> list[tuple[Choice, ...]]:
    if problem.topology == "star":
        speeds = Speeds.of(problem.fleet)
        return [tuple(star_choice(stage, problem.left, speeds) for stage in stages)]
    ground = survey.ground(stages)
    routes = {cost: route(stages, ground, cost) for cost, _ in ways}
    eased = (tuple(replace(c, seconds=c.seconds * ease) for c in routes[cost]) for cost, ease in ways)
    return list(dict.fromkeys(eased))


def _orders(problem: Problem, stages: Sequence[Stage]) -> list[list[int]]:
    """Give the orders to fill in: the scarcest first; at a small site also the one with most work first."""
    scarcest = sorted(range(len(stages)), key=lambda place: _spare(stages[place], problem))
    if len(problem.fleet.helpers) > _FEW:
        return [scarcest]
    longest = sorted(range(len(stages)), key=lambda place: -stages[place].work * stages[place].maps)
    return [scarcest, longest, list(range(len(stages)))]


def _filled(
    problem: Problem, stages: Sequence[Stage], choices: Sequence[Choice], first: Sequence[int]
) -> list[Counts] | None:
    """Fill the stages in order; one that finds no room is filled before all others next time."""
    order, speeds = list(first), Speeds.of(problem.fleet)
    for _ in range(_ATTEMPTS):
        stock = Stock(problem.left)
        helds: list[Counts] = [np.zeros(0, dtype=np.int64)] * len(stages)
        for place in order:
            mesh = problem.topology == "mesh"  # in a star nobody adds up what others computed
            before = helds[place - 1] if mesh and place and len(helds[place - 1]) else None
            filled = fill(stages[place], choices[place], stock, speeds, before)
            if filled.short:
                order.remove(place)
                order.insert(0, place)
                break
            helds[place] = filled.held
            stock.take(stages[place], filled.held)
        else:
            return helds
    return None


def _spare(stage: Stage, problem: Problem) -> float:
    if stage.own:
        return -1.0  # nobody competes for the source, and what it does is settled
    room = room_of(stage, problem.left)
    if stage.single:
        return 1.0 / max(1, int((room >= stage.maps).sum()))
    return float(room.sum()) / stage.maps
