"""What a site wants of its privacy budget: one frozen value, checked when it is made."""

import math
from typing import Literal

import msgspec

from feature_node.budget.limits import Limits, at_most
from feature_node.errors import BadSettings

WhenSpent = Literal["hold", "widen"]
MOST_JOINT = 1e9
LONGEST_SECONDS = 86400.0


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each camera may spend, what happens when it is spent, and when a value is drawn afresh.

    Attributes:
        minute: The largest sum of epsilon_joint in a minute; None: no limit.
        hour: In an hour.
        day: In a day (UTC).
        when_spent: `hold` frames back until the window is over, or `widen` the noise so that each release
            spends at most a tenth of what is left.
        repeat_unchanged: Whether a region that has not changed is answered with the value released before.
        unchanged_within: How far its numbers may be from those of that release: distance over their norm.
        fresh_every: Seconds for which a region's value is repeated, whatever the region shows; 0: none.
    """

    minute: float | None = None
    hour: float | None = None
    day: float | None = None
    when_spent: WhenSpent = "hold"
    repeat_unchanged: bool = True
    unchanged_within: float = 0.05
    fresh_every: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of bounds, naming the first."""
        for name in ("minute", "hour", "day"):
            limit = getattr(self, name)
            if limit is not None and not (math.isfinite(limit) and limit <= MOST_JOINT and _counts(limit)):
                raise BadSettings(
                    f"edge.budget.{name}: {limit!r} is no sum of epsilon_joint. Write a number from 1e-6 to "
                    f"{MOST_JOINT:g}, or leave it out."
                )
        if not 0 <= self.unchanged_within <= 1:
            raise BadSettings(f"edge.budget.unchanged_within: {self.unchanged_within!r} is not from 0 to 1")
        if not 0 <= self.fresh_every <= LONGEST_SECONDS:
            raise BadSettings(
                f"edge.budget.fresh_every: {self.fresh_every!r} is not from 0 to {LONGEST_SECONDS:g} seconds"
            )

    @property
    def limits(self) -> Limits:
        """The limits alone."""
        return Limits(minute=self.minute, hour=self.hour, day=self.day)

    @property
    def repeats(self) -> bool:
        """Whether a released value may ever be sent again."""
        return self.repeat_unchanged or self.fresh_every > 0


def _counts(limit: float) -> bool:
    return limit > 0 and at_most(limit) > 0
