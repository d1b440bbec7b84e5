"""What one camera has spent in the current windows: a frozen value, and how it grows."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from feature_node.budget.limits import MOST_MILLIONTHS, WINDOWS, Limits, Window, start_of

Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_MILLIONTHS)]


class Spent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was spent in one window.

    Attributes:
        start: The Unix second at which the window began.
        millionths: The sum of epsilon_joint, in millionths.
        delta: The sum of delta.
    """

    start: Annotated[int, msgspec.Meta(ge=0, lt=2**40)]
    millionths: Count = 0
    delta: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0

    def plus(self, millionths: int, delta: float, limit: int = MOST_MILLIONTHS) -> "Spent":
        """Add a loss; the sum of epsilon_joint stops at the limit, unless it was over it before."""
        total = min(self.millionths + millionths, max(limit, self.millionths))
        return Spent(self.start, min(total, MOST_MILLIONTHS), self.delta + delta)


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one camera has spent, by window."""

    minute: Spent
    hour: Spent
    day: Spent

    def of(self, window: Window) -> Spent:
        """Give one window."""
        spent: Spent = getattr(self, window)
        return spent

    def at(self, now_ns: int) -> "Account":
        """Give the account of the windows around `now_ns`.

        A window that is over is followed by an empty one. One that has not begun yet stays: a clock that
        was set back gives no budget back.
        """
        return _each(lambda window: _current(self.of(window), start_of(window, now_ns)))

    def plus(self, millionths: int, delta: float, limits: Limits | None = None) -> "Account":
        """Add a loss to every window, at most up to the limits where they are given."""
        most = Limits() if limits is None else limits
        return _each(lambda window: self.of(window).plus(millionths, delta, most.millionths(window)))

    def covers(self, other: "Account") -> bool:
        """Say whether this is of the same windows, and in none less than the other."""
        pairs = ((self.of(window), other.of(window)) for window in WINDOWS)
        return all(
            mine.start == its.start and mine.millionths >= its.millionths and mine.delta >= its.delta
            for mine, its in pairs
        )

    def over_at(self, now_ns: int) -> bool:
        """Say whether all of its windows are over."""
        return all(self.of(window).start < start_of(window, now_ns) for window in WINDOWS)


def empty(now_ns: int) -> Account:
    """Give the account of a camera that has spent nothing."""
    return _each(lambda window: Spent(start_of(window, now_ns)))


def _current(spent: Spent, start: int) -> Spent:
    return Spent(start) if spent.start < start else spent


def _each(make: Callable[[Window], Spent]) -> Account:
    return Account(minute=make("minute"), hour=make("hour"), day=make("day"))
