"""The best choice of a stage in a star, where stages do not depend on each other.

Every further helper adds an answer that queues at the source's link, and shortens the computing; both follow
from the time T in which a helper must have computed and answered.
"""

from typing import Final

import numpy as np

from feature_node.placement.costs import Speeds, Usage
from feature_node.placement.levels import room_of
from feature_node.placement.route import Choice
from feature_node.placement.stages import Stage

_TIMES: Final = 48


def star_choice(stage: Stage, left: Usage, speeds: Speeds) -> Choice:
    """Give the T of least seconds; one of no effect where the maps find no room."""
    room = np.minimum(room_of(stage, left), stage.maps)
    pace = speeds.multiplications[1:] / max(stage.work, 1e-9)
    answering = stage.answer / speeds.rates[1:] + speeds.messages[1:]
    able = room > 0
    if stage.single or not able.any():
        return Choice(0.0, float(stage.maps), np.inf, 1.0)
    slowest = (answering + room / pace)[able].max()
    quickest = (answering + 1.0 / pace)[able].min()
    times = np.geomspace(quickest, slowest, _TIMES) * (1 + 1e-9)
    done = np.clip(np.floor((times[:, None] - answering) * pace), 0.0, room)  # times × helpers
    most = np.cumsum(-np.sort(-done, axis=1), axis=1)
    enough = most[:, -1] >= stage.maps
    if not enough.any():
        return Choice(0.0, float(stage.maps), np.inf, 1.0)
    holders = 1 + (most < stage.maps).sum(axis=1)
    messages = (2 * holders - 1) * float(speeds.messages[0])
    seconds = times + (holders - 1) * stage.answer / float(speeds.rates[0]) + messages
    return Choice(0.0, float(stage.maps), float(times[np.where(enough, seconds, np.inf).argmin()]), 1.0)
