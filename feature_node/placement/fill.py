"""Give the maps of one stage to helpers, within a choice; and say what that uses."""

from dataclasses import dataclass
from typing import Final, Self, final

import numpy as np

from feature_node.placement.costs import Counts, Numbers, Speeds, Usage
from feature_node.placement.levels import room_of
from feature_node.placement.route import Choice
from feature_node.placement.stages import Stage

_EASE: Final = 1 + 1e-6
_LITTLE: Final = 1e-9
_STEPS: Final = 10


@final
class Stock:
    """What the devices have left while a placement is being made."""

    def __init__(self, left: Usage) -> None:
        self.whole = left
        self.left = Usage(left.memory.copy(), left.multiplications.copy(), left.sent.copy())

    def take(self, stage: Stage, held: Counts) -> None:
        """Use up what `held` maps of a stage need; a holder is charged for its whole answer."""
        self.left.memory[:] -= held * stage.weight
        self.left.multiplications[:] -= held * stage.work
        self.left.sent[:] -= np.minimum(held, 1) * stage.answer if stage.answer else held * stage.gives

    def strain(self, stage: Stage) -> Numbers:
        """Give how much of what each helper had would be used up by one more map of a stage, at worst."""
        after = np.maximum(
            self._share(self.left.memory - stage.weight, self.whole.memory),
            self._share(self.left.multiplications - stage.work, self.whole.multiplications),
        )
        return np.maximum(after, self._share(self.left.sent - stage.answer, self.whole.sent))[1:]

    def strain_of_helpers(self) -> float:
        """Give how much of what each helper had was taken, on average, of the resource of which it is most.

        A share of each, not of all together: where helpers run dry one by one, caps run out of helpers.
        """
        pairs = (
            (self.left.memory, self.whole.memory),
            (self.left.multiplications, self.whole.multiplications),
            (self.left.sent, self.whole.sent),
        )
        return max(float(self._share(left, whole)[1:].mean()) for left, whole in pairs)

    @staticmethod
    def _share(left: Numbers, whole: Numbers) -> Numbers:
        return 1.0 - left / np.maximum(whole, 1.0)


@dataclass(frozen=True, slots=True)
class Filled:
    """A stage's maps by device, the source first; `short` of them found no room."""

    held: Counts
    short: int

    @classmethod
    def own(cls, stage: Stage, devices: int) -> Self:
        """All at the source."""
        held = np.zeros(devices, dtype=np.int64)
        held[0] = stage.maps
        return cls(held, 0)


def fill(stage: Stage, choice: Choice, stock: Stock, speeds: Speeds, near: Counts | None = None) -> Filled:
    """Hand out a stage's maps within `choice`, and beyond it where that has no room left.

    Helpers that can hold many are asked first, and among equals those that are least used up: few holders
    send few answers. A single map without work stays with the one that is `near`, the holder before.
    """
    if stage.own:
        return Filled.own(stage, len(stock.left.memory))
    room = room_of(stage, stock.left)
    if near is not None and stage.maps == 1 and not stage.work and _one(near, room):
        return Filled(np.minimum(near, 1), 0)
    if stage.single:
        return _alone(stage, room, choice, speeds)
    pace = speeds.multiplications[1:] / max(stage.work, _LITTLE)
    fast = speeds.rates[1:] >= choice.rate
    time = choice.seconds - choice.answering * (stage.answer / speeds.rates[1:] + speeds.messages[1:])
    in_time = np.floor(np.clip(time * pace * _EASE, 0.0, stage.maps))
    for bound in (
        np.where(fast, np.minimum(np.minimum(room, choice.width), in_time), 0.0),
        np.where(fast, np.minimum(room, choice.width), 0.0),
        np.minimum(room, choice.width),
        room,
    ):
        if bound.sum() >= stage.maps:
            return Filled(_hand_out(stage, bound, stock.strain(stage), near), 0)
    return Filled(_hand_out(stage, room, stock.strain(stage), near), int(stage.maps - room.sum()))


def _one(near: Counts, room: Numbers) -> bool:
    return np.count_nonzero(near) == 1 and bool((room * near[1:]).any())


def _hand_out(stage: Stage, bound: Numbers, strain: Numbers, near: Counts | None) -> Counts:
    # Maps that a holder adds up itself need not be sent: among those as used up, it goes first.
    beside = np.zeros(len(bound)) if near is None else np.minimum(near[1:], 1)
    order = np.lexsort((strain, -beside, np.round(strain * _STEPS), -bound))
    given = np.clip(stage.maps - (np.cumsum(bound[order]) - bound[order]), 0, bound[order])
    held = np.zeros(len(bound) + 1, dtype=np.int64)
    held[order + 1] = given.astype(np.int64)
    return held


def _alone(stage: Stage, room: Numbers, choice: Choice, speeds: Speeds) -> Filled:
    held = np.zeros(len(room) + 1, dtype=np.int64)
    able = room >= stage.maps
    if not able.any():
        return Filled(held, int(stage.maps - room.max(initial=0)))
    wanted = able & (speeds.rates[1:] >= choice.rate)
    pace = np.where(wanted if wanted.any() else able, speeds.multiplications[1:], 0.0)
    held[int(pace.argmax()) + 1] = stage.maps
    return Filled(held, 0)
