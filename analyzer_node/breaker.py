"""When to stop asking a store that does not answer, and when to ask it again."""

from collections.abc import Callable, Iterator
from typing import final

from broker.backoff import backoff


@final
class Breaker:
    """Opens at a failure; then spaces trials ever more widely until one succeeds.

    It holds no clock and makes no trial itself: whoever owns it waits for `pause()` seconds, tries, and says
    how it went.

    Args:
        delays: makes the waits in seconds between trials, anew for each outage.
    """

    def __init__(self, delays: Callable[[], Iterator[float]] = backoff) -> None:
        self._make_delays = delays
        self._delays = delays()
        self._open = False

    @property
    def is_open(self) -> bool:
        """Whether calls should be skipped."""
        return self._open

    def failed(self) -> None:
        """Say that a call or a trial failed; an outage goes on until a trial succeeds."""
        self._open = True

    def succeeded(self) -> None:
        """Say that a trial succeeded: calls go through again, and the next outage starts with short waits."""
        if self._open:
            self._open = False
            self._delays = self._make_delays()

    def pause(self) -> float:
        """Say how many seconds to wait before the next trial; each time somewhat longer."""
        return next(self._delays)
