"""Move maps between helpers, a few at a time, while that makes a placement quicker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from feature_node.placement.costs import Counts, Speeds
from feature_node.placement.flows import flow
from feature_node.placement.problem import Problem
from feature_node.placement.score import seconds_at
from feature_node.placement.stages import Stage

_TRIES: Final = 6000
"""Moves tried times helpers: a large site has more to look at, and no more time for it."""
_MOST_TRIES: Final = 1500
_GIVERS: Final = 4
_TAKERS: Final = 5
_GAIN: Final = 1 - 1e-9


def polish(problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts]) -> list[Counts]:
    """Give a placement that is as quick or quicker and keeps every constraint."""
    search = _Search(problem, stages, helds)
    search.run(min(_MOST_TRIES, _TRIES // max(1, len(problem.fleet.helpers))))
    return search.helds


@dataclass(frozen=True, slots=True)
class Move:
    """`many` maps of the stages `places` go from one device to another."""

    places: tuple[int, ...]
    giver: int
    taker: int
    many: int


@final
class _Search:
    """A placement, and the seconds of its stages."""

    def __init__(self, problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts]) -> None:
        self._problem = problem
        self._stages = stages
        self._speeds = Speeds.of(problem.fleet)
        self.helds = list(helds)
        self._seconds = [self._at(place) for place in range(len(stages))]

    def run(self, tries: int) -> None:
        """Take each move that gains, the slowest stages first, until none does or `tries` are used up."""
        gained = True
        while gained and tries > 0:
            gained = False
            for place in np.argsort(self._seconds)[::-1].tolist():
                for move in self._moves(place):
                    tries -= 1
                    if self._take(move):
                        gained = True
                        break
                    if tries <= 0:
                        return

    def _at(self, place: int) -> float:
        return seconds_at(self._stages, self.helds, place, self._speeds, self._problem.topology)

    def _moves(self, place: int) -> Iterator[Move]:
        """Give moves of one stage, and of it together with the stage in front that passes its maps on."""
        stage, held = self._stages[place], self.helds[place]
        if stage.own:
            return
        time = held * max(stage.work, 1e-9) / self._speeds.multiplications + held * stage.into * 1e-12
        givers = [giver for giver in np.argsort(-time)[: 2 * _GIVERS].tolist() if held[giver]][:_GIVERS]
        slowest = np.where(held > 0, self._speeds.rates, np.inf)
        givers.append(int(slowest.argmin()))
        able = held < stage.share if not stage.single else held == 0
        able[0] = False
        order = np.lexsort((-self._speeds.multiplications, time, ~able))
        takers = [taker for taker in order[: 2 * _TAKERS].tolist() if able[taker]][:_TAKERS]
        together: list[tuple[int, ...]] = [(place,)]
        if place and not self._stages[place - 1].answer and not self._stages[place - 1].own:
            together.append((place - 1, place))
        for giver in dict.fromkeys(givers):
            for taker in takers:
                if taker == giver:
                    continue
                all_of_it = int(min(held[giver], stage.share - held[taker]))
                for many in {all_of_it} if stage.single else sorted({1, (all_of_it + 1) // 2, all_of_it}):
                    for places in together:
                        yield Move(places, giver, taker, many)

    def _take(self, move: Move) -> bool:
        """Make a move if it gains and keeps every constraint."""
        if any(self._forbids(place, move) for place in move.places):
            return False
        touched = range(move.places[0], min(move.places[-1] + 2, len(self._stages)))
        old = [(place, self.helds[place]) for place in move.places]
        before = sum(self._seconds[place] for place in touched)
        for place in move.places:
            self.helds[place] = _moved(self.helds[place], move)
        after = [self._at(place) for place in touched]
        if sum(after) < before * _GAIN and self._fits():
            for place, seconds in zip(touched, after, strict=True):
                self._seconds[place] = seconds
            return True
        for place, held in old:
            self.helds[place] = held
        return False

    def _forbids(self, place: int, move: Move) -> bool:
        stage, held = self._stages[place], self.helds[place]
        if held[move.giver] < move.many or held[move.taker] + move.many > stage.share:
            return True
        return stage.single and move.many < stage.maps

    def _fits(self) -> bool:
        """(8b), (8c), (8d) of every device."""
        left, devices = self._problem.left, len(self._speeds.rates)
        memory, work, sent = np.zeros(devices), np.zeros(devices), np.zeros(devices)
        for place, (stage, held) in enumerate(zip(self._stages, self.helds, strict=True)):
            memory += held * stage.weight
            work += held * stage.work
            if self._problem.topology == "star":
                sent += np.where(np.arange(devices) > 0, np.minimum(held, 1) * stage.answer, 0.0)
            elif place and self._stages[place - 1].answer:
                givers = np.minimum(self.helds[place - 1], 1)
                sent += givers * (stage.maps - held) * stage.into
            elif place:
                for giver, taker, many in flow(self.helds[place - 1], held):
                    sent[giver] += (giver != taker) * many * stage.into
        room = ((memory, left.memory), (work, left.multiplications), (sent, left.sent))
        return all(bool((used[1:] <= whole[1:]).all()) for used, whole in room)


def _moved(held: Counts, move: Move) -> Counts:
    changed = held.copy()
    changed[move.giver] -= move.many
    changed[move.taker] += move.many
    return changed
