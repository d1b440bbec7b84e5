"""A placement that is being made quicker: what it costs now, and what a change would gain."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, final

import numpy as np

from feature_node.placement.costs import Counts, Speeds, Usage
from feature_node.placement.flows import flow
from feature_node.placement.problem import Problem
from feature_node.placement.score import seconds_at
from feature_node.placement.stages import Stage

_GAIN: Final = 1 - 1e-9


@final
class Search:
    """Maps of each stage by device, their seconds, and how many changes may still be tried."""

    def __init__(
        self, problem: Problem, stages: Sequence[Stage], helds: Sequence[Counts], tries: int
    ) -> None:
        """Start from a placement that keeps every constraint."""
        self.problem = problem
        self.stages = stages
        self.speeds = Speeds.of(problem.fleet)
        self.helds = list(helds)
        self.tries = tries
        self.seconds = [self._at(place) for place in range(len(stages))]

    @property
    def total(self) -> float:
        """Seconds of the whole placement."""
        return sum(self.seconds)

    def change(self, changed: Mapping[int, Counts]) -> bool:
        """Put other numbers into some neighbouring stages if that gains and keeps every constraint."""
        self.tries -= 1
        return self._put(changed, lambda before, after: after < before * _GAIN)

    def ease(self, place: int, held: Counts, most: float) -> bool:
        """Put other numbers into a stage if all takes `most` seconds then and keeps every constraint."""
        rest = self.total
        return self._put({place: held}, lambda before, after: rest - before + after <= most)

    def _put(self, changed: Mapping[int, Counts], good: Callable[[float, float], bool]) -> bool:
        """Change some stages if their seconds, before and after, are good; else change nothing."""
        touched = range(min(changed), min(max(changed) + 2, len(self.stages)))
        old = {place: self.helds[place] for place in changed}
        before = sum(self.seconds[place] for place in touched)
        for place, held in changed.items():
            self.helds[place] = held
        after = [self._at(place) for place in touched]
        if good(before, sum(after)) and self._fits():
            for place, seconds in zip(touched, after, strict=True):
                self.seconds[place] = seconds
            return True
        for place, held in old.items():
            self.helds[place] = held
        return False

    def left_without(self, places: Sequence[int]) -> Usage:
        """Give what the devices have left if some stages held nothing yet."""
        used = self._used(frozenset(places))
        return self.problem.left.less(used)

    def _at(self, place: int) -> float:
        return seconds_at(self.stages, self.helds, place, self.speeds, self.problem.topology)

    def _fits(self) -> bool:
        """(8b), (8c), (8d) of every helper."""
        used, left = self._used(frozenset()), self.problem.left
        room = (
            (used.memory, left.memory),
            (used.multiplications, left.multiplications),
            (used.sent, left.sent),
        )
        return all(bool((part[1:] <= whole[1:]).all()) for part, whole in room)

    def _used(self, but: frozenset[int]) -> Usage:
        devices = len(self.speeds.rates)
        memory, work, sent = np.zeros(devices), np.zeros(devices), np.zeros(devices)
        for place, (stage, held) in enumerate(zip(self.stages, self.helds, strict=True)):
            if place not in but:
                memory += held * stage.weight
                work += held * stage.work
            sender = place if self.problem.topology == "star" else place - 1
            if place and sender not in but:
                self._send(place, held, sent)
        return Usage(memory, work, sent)

    def _send(self, place: int, held: Counts, sent: Counts | np.ndarray) -> None:
        stage, before = self.stages[place], self.stages[place - 1]
        if self.problem.topology == "star":
            sent[1:] += np.minimum(held, 1)[1:] * stage.answer
        elif before.answer:
            sent += np.minimum(self.helds[place - 1], 1) * (stage.maps - held) * stage.into
        else:
            for giver, taker, many in flow(self.helds[place - 1], held):
                sent[giver] += (giver != taker) * many * stage.into
