"""The best choice of every stage together: a shortest path from the source back to the source.

What a stage costs depends on the one before through its slowest sender alone; so with R choices of that, L
stages and N widths the best sequence is found in L·R²·N steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from feature_node.placement.costs import Numbers, Speeds, Usage
from feature_node.placement.levels import Levels, levels_of, rates_of, room_of
from feature_node.placement.stages import Stage


@dataclass(frozen=True, slots=True)
class Choice:
    """What a stage is filled by: helpers that send at least at `rate`, `width` maps each, done in `seconds`.

    `answering` is 1 where the seconds hold the answer's way back too, as in a star.
    """

    rate: float
    width: float
    seconds: float
    answering: float = 0.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What every stage of a route is chosen from.

    Attributes:
        speeds: Of the devices.
        rates: The slowest senders to choose from.
        levels: The choices of each stage if it had all that is left; none for the source's own.
    """

    speeds: Speeds
    rates: Numbers
    levels: tuple[Levels | None, ...]


@final
class Survey:
    """Looks at each kind of stage once: a deep network has many stages of the same numbers."""

    def __init__(self, left: Usage, speeds: Speeds) -> None:
        """Look at devices with so much left."""
        self._left = left
        self._speeds = speeds
        self._rates = rates_of(speeds)
        self._known: dict[Stage, Levels] = {}

    def ground(self, stages: Sequence[Stage]) -> Ground:
        """Give what the stages of a route are chosen from."""
        levels = tuple(None if stage.own else self._levels(stage) for stage in stages)
        return Ground(self._speeds, self._rates, levels)

    def _levels(self, stage: Stage) -> Levels:
        kind = replace(stage, layers=range(0), into=0.0)
        if kind not in self._known:
            find = _alone if stage.single else levels_of
            self._known[kind] = find(kind, self._left, self._speeds, self._rates)
        return self._known[kind]


def route(stages: Sequence[Stage], ground: Ground, answer_cost: float) -> tuple[Choice, ...]:
    """Give the choice of each stage whose sum of seconds is least; the source's own stages get a dummy.

    Args:
        stages: In order.
        ground: What they are chosen from.
        answer_cost: What a second of the bytes that a stage sends on counts, so that few holders are liked.
    """
    source = float(ground.speeds.rates[0])
    before = np.array([source])  # the slowest sender of the stage before, by choice
    so_far = np.zeros(1)
    trail: list[tuple[list[list[Choice]], list[int]]] = []
    for place, (stage, levels) in enumerate(zip(stages, ground.levels, strict=True)):
        if levels is None:
            cost, choices = _own(stage, stages[place - 1] if place else None, before, ground.speeds)
            after = np.array([source])
        else:
            cost, choices = _helped(stage, levels, before, answer_cost)
            after = ground.rates
        total = so_far[:, None] + cost
        trail.append((choices, total.argmin(axis=0).tolist()))
        so_far, before = total.min(axis=0), after
    return _back(trail, int(so_far.argmin()))


def _back(trail: list[tuple[list[list[Choice]], list[int]]], last: int) -> tuple[Choice, ...]:
    found, at = [], last
    for choices, origins in reversed(trail):
        found.append(choices[origins[at]][at])
        at = origins[at]
    return tuple(reversed(found))


Step = tuple[Numbers, list[list[Choice]]]


def _own(stage: Stage, before: Stage | None, rates: Numbers, speeds: Speeds) -> Step:
    computing = stage.maps * stage.work / float(speeds.multiplications[0])
    sending = stage.maps * stage.into / rates
    if before is None or before.own or not before.answer:
        sending = np.zeros(len(rates))  # paid where the maps were, or nothing is sent
    choice = Choice(float(speeds.rates[0]), float(stage.maps), computing)
    return (sending + computing)[:, None], [[choice] for _ in rates]


def _helped(stage: Stage, found: Levels, before: Numbers, answer_cost: float) -> Step:
    # A holder that sends its maps on, and not an answer, is slower the more it holds.
    given = 0.0 if stage.answer else stage.gives
    answers = answer_cost * stage.answer * np.ceil(stage.maps / found.widths)
    cost = (
        stage.into * found.widths[None, None, :] / before[:, None, None]
        + found.seconds[None, :, :]
        + (given * found.widths + answers)[None, None, :] / found.rates[None, :, None]
    )
    width = cost.argmin(axis=2)  # before × R
    choices = [
        [
            Choice(float(found.rates[r]), float(found.widths[w]), float(found.seconds[r, w]))
            for r, w in enumerate(row)
        ]
        for row in width.tolist()
    ]
    return cost.min(axis=2), choices


def _alone(stage: Stage, left: Usage, speeds: Speeds, rates: Numbers) -> Levels:
    able = (room_of(stage, left) >= stage.maps) & (speeds.rates[1:] >= rates[:, None])
    seconds = np.where(able, stage.maps * stage.work / speeds.multiplications[1:], np.inf).min(axis=1)
    return Levels(rates, np.array([float(stage.maps)]), seconds[:, None])
