"""Fill one stage anew, every way that `levels` knows, with its neighbours as they are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from feature_node.placement.costs import Counts, Speeds, Usage
from feature_node.placement.fill import Stock, fill
from feature_node.placement.levels import levels_of, rates_of, room_of
from feature_node.placement.route import Choice
from feature_node.placement.search import Search
from feature_node.placement.stages import Stage
from feature_node.placement.star import star_choice

_EASE: Final = 1.25
"""What slows one stage may quicken the next: one step beyond the least time is tried too."""


def refill(search: Search, places: Sequence[int]) -> bool:
    """Fill neighbouring stages anew, alike if there are two; say whether that gained."""
    stage = _as_one([search.stages[place] for place in places])
    left = search.left_without(places)
    gained = False
    for held in _fillings(stage, left, search.speeds, star=search.problem.topology == "star"):
        if search.tries <= 0:
            break
        gained = search.change(dict.fromkeys(places, held)) or gained
    return gained


def _as_one(stages: Sequence[Stage]) -> Stage:
    first, last = stages[0], stages[-1]
    share = min(stage.share for stage in stages)
    return replace(last, layers=range(first.layers.start, last.layers.stop), share=share, into=first.into)


def _fillings(stage: Stage, left: Usage, speeds: Speeds, *, star: bool) -> Iterator[Counts]:
    if stage.single:
        for helper in np.flatnonzero(room_of(stage, left) >= stage.maps).tolist():
            held = np.zeros(len(left.memory), dtype=np.int64)
            held[helper + 1] = stage.maps
            yield held
        return
    seen = set()
    for choice in [star_choice(stage, left, speeds)] if star else _choices(stage, left, speeds):
        filled = fill(stage, choice, Stock(left), speeds)
        if not filled.short and filled.held.tobytes() not in seen:
            seen.add(filled.held.tobytes())
            yield filled.held


def _choices(stage: Stage, left: Usage, speeds: Speeds) -> Iterator[Choice]:
    found = levels_of(stage, left, speeds, rates_of(speeds))
    for row, rate in zip(found.seconds.tolist(), found.rates.tolist(), strict=True):
        for seconds, width in zip(row, found.widths.tolist(), strict=True):
            if np.isfinite(seconds):
                yield Choice(rate, width, seconds)
                if stage.work:
                    yield Choice(rate, width, seconds * _EASE)
