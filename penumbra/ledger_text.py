"""What was spent of a camera's privacy budget, as people read it; pure."""

from collections.abc import Mapping
from typing import Final

from broker.status import BudgetWindow

_WINDOWS: Final = {"minute": "this minute", "hour": "this hour", "day": "today"}


def epsilon_text(epsilon_joint: float | None) -> str:
    """A privacy loss in few digits; a dash where nothing is promised.

    >>> epsilon_text(8.0), epsilon_text(0.0), epsilon_text(3276800), epsilon_text(None)
    ('8', '0', '3,276,800', '–')
    """
    if epsilon_joint is None:
        return "–"
    return f"{epsilon_joint:,.0f}" if epsilon_joint >= 1000 else f"{epsilon_joint:.4g}"


def ledger_text(budget: Mapping[str, BudgetWindow]) -> str:
    """What was spent in each window, and of how much: `16 of 40 this minute, 16 today`."""
    return ", ".join(
        f"{epsilon_text(budget[window].spent)}{_of(budget[window].limit)} {name}"
        for window, name in _WINDOWS.items()
        if window in budget
    )


def frame_text(
    epsilon_joint: float | None, epsilon_per_coordinate: float | None, delta: float | None = None
) -> str:
    """What the last frame cost, each epsilon by its full name; empty where nothing is promised."""
    parts = []
    if epsilon_joint is not None:
        repeated = " (repeated)" if epsilon_joint == 0 else ""
        at = f" at delta {delta:.2g}" if delta else ""
        parts.append(f"epsilon_joint {epsilon_text(epsilon_joint)}{at} a frame{repeated}")
    if epsilon_per_coordinate is not None:
        parts.append(f"epsilon_per_coordinate {epsilon_text(epsilon_per_coordinate)}")
    return ", ".join(parts)


def _of(limit: float | None) -> str:
    return f" of {epsilon_text(limit)}" if limit is not None else ""
