"""Windows of time, and how much joint privacy loss a camera may spend in each."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

import msgspec

Window = Literal["minute", "hour", "day"]

WINDOWS: Final[dict[Window, int]] = {"minute": 60, "hour": 3600, "day": 86400}
"""Seconds of each; windows follow each other without overlap and begin with the UTC minute, hour and day."""
MOST_MILLIONTHS: Final = 2**62
"""What has been spent is counted up to here; a JSON integer holds it."""
MILLION: Final = 1_000_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The largest sum of epsilon_joint a camera in each window; None: counted, without limit."""

    minute: float | None = None
    hour: float | None = None
    day: float | None = None

    def of(self, window: Window) -> float | None:
        """Give one window's limit."""
        limit: float | None = getattr(self, window)
        return limit

    def millionths(self, window: Window) -> int:
        """Give one window's limit in millionths, rounded down."""
        limit = self.of(window)
        return MOST_MILLIONTHS if limit is None else at_most(limit)

    @property
    def limited(self) -> tuple[Window, ...]:
        """The windows that have a limit."""
        return tuple(window for window in WINDOWS if self.of(window) is not None)

    @property
    def smallest(self) -> float | None:
        """The smallest limit; None where there is none."""
        return min((limit for limit in map(self.of, WINDOWS) if limit is not None), default=None)


def start_of(window: Window, now_ns: int) -> int:
    """Give the Unix second at which the window around a time began."""
    now = now_ns // 10**9
    return now - now % WINDOWS[window]


def at_least(epsilon_joint: float) -> int:
    """Give a privacy loss in millionths, rounded up: what is counted is never less than what it was.

    Decimal digits are read as they are written, so that ten times 1.1 is 11 and not a little more.

    Raises:
        ValueError: It is negative or no number.
    """
    return _millionths(epsilon_joint, ROUND_CEILING)


def at_most(epsilon_joint: float) -> int:
    """Give a privacy loss in millionths, rounded down.

    Raises:
        ValueError: It is negative or no number.
    """
    return _millionths(epsilon_joint, ROUND_FLOOR)


def _millionths(epsilon_joint: float, rounding: str) -> int:
    if not (math.isfinite(epsilon_joint) and epsilon_joint >= 0):
        raise ValueError(f"epsilon_joint {epsilon_joint} is not a number of at least 0")
    exact = Decimal(repr(float(epsilon_joint))) * MILLION
    return min(MOST_MILLIONTHS, int(exact.to_integral_value(rounding)))
