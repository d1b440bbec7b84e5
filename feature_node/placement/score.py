"""Seconds of a placement given as maps by stage: equation (5) without naming single maps."""

from collections.abc import Sequence

import numpy as np

from feature_node.placement.costs import Counts, Numbers, Speeds
from feature_node.placement.flows import flow
from feature_node.placement.model import Topology
from feature_node.placement.stages import Stage


def seconds_of(
    stages: Sequence[Stage], helds: Sequence[Counts], speeds: Speeds, topology: Topology
) -> list[float]:
    """Give the seconds of each stage."""
    return [seconds_at(stages, helds, place, speeds, topology) for place in range(len(stages))]


def seconds_at(
    stages: Sequence[Stage], helds: Sequence[Counts], place: int, speeds: Speeds, topology: Topology
) -> float:
    """Give the seconds of one stage, from the sending of its maps to the last product."""
    stage, held = stages[place], helds[place]
    if topology == "star":
        return _star(stage, held, speeds)
    computing = held * stage.work / speeds.multiplications
    if not place:
        return float(computing.max())
    sending = _sending(stages[place - 1], helds[place - 1], stage, held, speeds)
    if len(stage.layers) > 1:  # the sum or the pool in front is a layer, so that the slowest are added up
        return float(sending.max() + computing.max())
    return float((sending + computing).max())


def _sending(before: Stage, givers: Counts, stage: Stage, held: Counts, speeds: Speeds) -> Numbers:
    """Give the seconds until each device has its maps."""
    slowness = np.where(givers > 0, 1.0 / speeds.rates, 0.0)
    if before.answer:
        others = np.full(len(held), slowness.max())
        slowest = int(slowness.argmax())
        slowness[slowest] = 0.0
        others[slowest] = slowness.max()  # nobody sends to itself
        return np.asarray(held * stage.into * others)
    sending = np.zeros(len(held))
    if np.array_equal(givers, held):
        return sending
    for giver, taker, many in flow(givers, held):
        if giver != taker:
            sending[taker] = max(sending[taker], many * stage.into * slowness[giver])
    return sending


def _star(stage: Stage, held: Counts, speeds: Speeds) -> float:
    helped = np.where(np.arange(len(held)) > 0, held, 0)
    answered = np.minimum(helped, 1) * (stage.answer or 0.0)
    answers = np.where(helped > 0, answered / speeds.rates + speeds.messages, 0.0)
    computing = held * stage.work / speeds.multiplications + answers
    queued = max(0.0, float(answered.sum() - answered.max()))
    messages = max(0, 2 * np.count_nonzero(helped) - 1) * speeds.messages[0]
    return float((helped.sum() * stage.into + queued) / speeds.rates[0] + computing.max() + messages)
