"""Why nothing could be placed: the first constraint that fails by itself, and by how much."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from feature_node.errors import Infeasible
from feature_node.placement.costs import Usage
from feature_node.placement.levels import room_of
from feature_node.placement.problem import Problem
from feature_node.placement.stages import Stage

_WANTED: Final = {"8b": "memory", "8c": "multiplications a period", "8d": "bandwidth a period"}


def why_not(problem: Problem, stages: Sequence[Stage]) -> Infeasible:
    """Give the reason, from the most certain to the least: privacy, then each resource, then all together.

    A sum over all stages that fits and yet found no placement says that maps cannot be divided so; then the
    stage with the least to spare is named.
    """
    helped = [stage for stage in stages if not stage.own]
    for check in (_exposed, _lonely, _short_stage, _short_whole):
        reason = check(problem, helped)
        if reason is not None:
            return reason
    tightest = min(helped, key=lambda stage: float(room_of(stage, problem.left).sum()) / stage.maps)
    return Infeasible(
        "8b-8d", _name(problem, tightest), 0.0, "each layer fits alone, all together do not; add a helper"
    )


def _name(problem: Problem, stage: Stage) -> str:
    return problem.network.layers[stage.layers[-1]].name


def _exposed(problem: Problem, stages: Sequence[Stage]) -> Infeasible | None:
    helpers = len(problem.fleet.helpers)
    worst: tuple[int, Stage] | None = None
    for stage in stages:
        needed = -(-stage.maps // stage.share) if stage.share else 0
        if not stage.share:
            colluding = problem.caps.colluding
            text = (
                f"not even one map may be seen at SSIM {problem.caps.max_ssim:g}"
                f"{f' with {colluding} colluding' if colluding > 1 else ''}; allow a higher SSIM"
            )
            return Infeasible("8f", _name(problem, stage), 1.0, text)
        if needed > helpers and (worst is None or needed > worst[0]):
            worst = (needed, stage)
    if worst is None:
        return None
    needed, stage = worst
    text = (
        f"{stage.maps} maps, at most {stage.share} a helper: {needed} helpers are needed, there are "
        f"{helpers}; add {needed - helpers} or allow a higher SSIM"
    )
    return Infeasible("8f", _name(problem, stage), float(needed - helpers), text)


def _lonely(problem: Problem, stages: Sequence[Stage]) -> Infeasible | None:
    """A fully connected layer that no single device can hold (8g)."""
    for stage in stages:
        room = room_of(stage, problem.left)
        if not stage.single or (room >= stage.maps).any():
            continue
        memory = stage.maps * stage.weight - float(problem.left.memory[1:].max())
        if memory > 0:
            text = f"no helper has the memory for the whole layer; the largest lacks {memory:.0f} bytes"
            return Infeasible("8b", _name(problem, stage), memory, text)
        work = stage.maps * stage.work - float(problem.left.multiplications[1:].max())
        if work > 0:
            text = f"no helper may do the whole layer's multiplications; {work:.0f} are missing"
            return Infeasible("8c", _name(problem, stage), work, text)
        missing = float(stage.maps - room.max())
        return Infeasible("8g", _name(problem, stage), missing, "no one helper has room for the whole layer")
    return None


def _short_stage(problem: Problem, stages: Sequence[Stage]) -> Infeasible | None:
    """A layer that does not fit even if it has all helpers for itself."""
    endless = np.full(len(problem.left.memory), np.inf)
    for stage in stages:
        short = stage.maps - float(room_of(stage, problem.left).sum())
        if short <= 0:
            continue
        rooms = {
            "8b": Usage(problem.left.memory, endless, endless),
            "8c": Usage(endless, problem.left.multiplications, endless),
            "8d": Usage(endless, endless, problem.left.sent),
        }
        alone = {name: float(room_of(stage, left).sum()) for name, left in rooms.items()}
        name = min(alone, key=lambda each: alone[each])
        text = f"{short:.0f} of {stage.maps} maps find no room, above all for want of {_WANTED[name]}"
        return Infeasible(name, _name(problem, stage), short, text)
    return None


def _short_whole(problem: Problem, stages: Sequence[Stage]) -> Infeasible | None:
    """More is needed over all layers than all helpers have."""
    left = problem.left
    memory = sum(stage.maps * stage.weight for stage in stages) - float(left.memory[1:].sum())
    if memory > 0:
        return Infeasible("8b", "", memory, f"the helpers lack {memory:.0f} bytes of memory in all")
    work = sum(stage.maps * stage.work for stage in stages) - float(left.multiplications[1:].sum())
    if work > 0:
        return Infeasible("8c", "", work, f"the helpers lack {work:.0f} multiplications a period in all")
    answers = sum(stage.answer * -(-stage.maps // stage.share) for stage in stages)
    sent = answers - float(left.sent[1:].sum())
    if sent > 0:
        return Infeasible("8d", "", sent, f"the helpers lack {sent:.0f} bytes to send a period in all")
    return None
