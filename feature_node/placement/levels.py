"""How quickly a stage's maps can be computed, by how slow a sender and how many maps a helper it allows.

The helpers of one stage finish together if each holds as many maps as it computes in one time T; so the least
T of a stage follows from which helpers may take part (those that send at least so fast) and from N, the most
maps that one of them may hold, without looking at single maps.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from feature_node.placement.costs import Numbers, Speeds, Usage
from feature_node.placement.stages import Stage

_HALVINGS: Final = 22
_MOST_RATES: Final = 4
_MOST_WIDTHS: Final = 8


@dataclass(frozen=True, slots=True)
class Levels:
    """The choices of one stage.

    Attributes:
        rates: The slowest sender allowed, bytes a second, R choices.
        widths: N: the most maps at one helper, as many choices.
        seconds: R × N: the least T; infinite where the maps find no room.
    """

    rates: Numbers
    widths: Numbers
    seconds: Numbers


def rates_of(speeds: Speeds) -> Numbers:
    """Give the sending rates to choose from: every rate of the helpers, or four quantiles of many."""
    rates = np.unique(speeds.rates[1:])
    if len(rates) <= _MOST_RATES:
        return rates
    return np.unique(np.quantile(rates, np.linspace(0.0, 0.75, _MOST_RATES), method="lower"))


def room_of(stage: Stage, left: Usage) -> Numbers:
    """Give how many maps of a stage each helper has room for: (8b), (8c), (8f), and its answer in (8d)."""
    room = np.full(len(left.memory) - 1, float(stage.share))
    if stage.weight:
        room = np.minimum(room, np.floor(left.memory[1:] / stage.weight))
    if stage.work:
        room = np.minimum(room, np.floor(left.multiplications[1:] / stage.work))
    if stage.answer:
        room = np.where(left.sent[1:] < stage.answer, 0.0, room)
    elif stage.gives:
        room = np.minimum(room, np.floor(left.sent[1:] / stage.gives))
    return np.asarray(np.maximum(room, 0.0))


def levels_of(stage: Stage, left: Usage, speeds: Speeds, rates: Numbers) -> Levels:
    """Give the least T of each choice, to a millionth of its range; helpers as they are left."""
    room = np.where(speeds.rates[1:] >= rates[:, None], room_of(stage, left), 0.0)  # R × D
    widths = _widths(stage, len(left.memory) - 1)
    held = np.minimum(room[:, None, :], widths[:, None])  # R × N × D
    enough = held.sum(axis=2) >= stage.maps
    if not stage.work:
        return Levels(rates, widths, np.where(enough, 0.0, np.inf))
    pace = speeds.multiplications[1:] / stage.work  # maps a second
    low = np.zeros(enough.shape)
    high = (held / pace).max(axis=2)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        done = np.minimum(held, np.floor(middle[:, :, None] * pace)).sum(axis=2) >= stage.maps
        high = np.where(done, middle, high)
        low = np.where(done, low, middle)
    return Levels(rates, widths, np.where(enough, high, np.inf))


def _widths(stage: Stage, helpers: int) -> Numbers:
    least, most = -(-stage.maps // helpers), max(1, min(stage.share, stage.maps))
    if most - least < _MOST_WIDTHS:
        return np.arange(min(least, most), most + 1, dtype=np.float64)
    return np.unique(np.round(np.geomspace(max(1, least), most, _MOST_WIDTHS)))
