"""Our solver: choose for all stages together, then fill the scarcest first.

Maps of one layer are alike, so numbers of maps are planned, not maps. The choices of all stages (which
helpers may take part, how many maps each) are a shortest path (`route`); stages are then filled beginning
with the one that has the least room to spare, and one that found none goes first in the next attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from feature_node.placement.costs import Counts, Holders, Speeds
from feature_node.placement.fill import Stock, fill
from feature_node.placement.flows import holders_of
from feature_node.placement.levels import room_of
from feature_node.placement.polish import polish
from feature_node.placement.problem import Problem
from feature_node.placement.reasons import why_not
from feature_node.placement.route import Choice, Survey, route
from feature_node.placement.score import seconds_of
from feature_node.placement.stages import Stage, stages_of
from feature_node.placement.star import star_choice

_ATTEMPTS: Final = 8
_ANSWER_COSTS: Final = (0.0, 0.02)


@dataclass(frozen=True, slots=True)
class Draft:
    """Maps of each stage by device, and the seconds that takes."""

    stages: tuple[Stage, ...]
    helds: list[Counts]
    seconds: float


@final
class Ours:
    """Look-ahead over the stages, scarcest stage first."""

    name: Final = "ours"

    def solve(self, problem: Problem) -> Holders:
        """See `Solver`.

        Raises:
            Infeasible: no attempt found room for every map.
        """
        survey = Survey(problem.left, Speeds.of(problem.fleet))
        drafts = [draft for stages in _cuttings(problem) for draft in _drafts(problem, stages, survey)]
        if not drafts:
            raise why_not(problem, stages_of(problem, "dense apart"))
        best = min(drafts, key=lambda draft: draft.seconds)
        apart = stages_of(problem, "all apart")
        return holders_of(apart, polish(problem, apart, spread(best.stages, best.helds, apart)))


def _cuttings(problem: Problem) -> list[tuple[Stage, ...]]:
    """Give both ways of treating what stands before a fully connected layer; one where they are the same."""
    return list(dict.fromkeys((stages_of(problem, "dense apart"), stages_of(problem, "joined"))))


def spread(stages: Sequence[Stage], helds: Sequence[Counts], finer: Sequence[Stage]) -> list[Counts]:
    """Give the same placement by finer stages."""
    by_layer = {place: held for stage, held in zip(stages, helds, strict=True) for place in stage.layers}
    return [by_layer[stage.layers[0]].copy() for stage in finer]


def _drafts(problem: Problem, stages: tuple[Stage, ...], survey: Survey) -> list[Draft]:
    speeds = Speeds.of(problem.fleet)
    found = []
    for choices in _choices(problem, stages, survey):
        helds = _filled(problem, stages, choices, speeds)
        if helds is not None:
            seconds = sum(seconds_of(stages, helds, speeds, problem.topology))
            found.append(Draft(stages, helds, seconds))
    return found


def _choices(problem: Problem, stages: Sequence[Stage], survey: Survey) -> list[tuple[Choice, ...]]:
    if problem.topology == "star":
        speeds = Speeds.of(problem.fleet)
        return [tuple(star_choice(stage, problem.left, speeds) for stage in stages)]
    ground = survey.ground(stages)
    return list(dict.fromkeys(route(stages, ground, cost) for cost in _ANSWER_COSTS))


def _filled(
    problem: Problem, stages: Sequence[Stage], choices: Sequence[Choice], speeds: Speeds
) -> list[Counts] | None:
    """Fill the scarcest stage first; one that finds no room is filled before all others next time."""
    order = sorted(range(len(stages)), key=lambda place: _spare(stages[place], problem))
    for _ in range(_ATTEMPTS):
        stock = Stock(problem.left)
        helds: list[Counts] = [np.zeros(0, dtype=np.int64)] * len(stages)
        for place in order:
            filled = fill(stages[place], choices[place], stock, speeds)
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
