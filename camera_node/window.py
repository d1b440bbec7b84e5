"""The frames of a replay that wait for their answers: bounded, sent again until answered. Pure, no clock."""

from typing import Final, final

from broker.frames import Frame

LONGEST_WAIT: Final = 30.0
"""Seconds between two attempts at most, however often a frame went unanswered."""


@final
class _Held:
    """One frame in the window."""

    __slots__ = ("attempts", "due", "first_sent", "frame", "sent")

    def __init__(self, frame: Frame, now: float) -> None:
        self.frame = frame
        self.first_sent = now
        self.due = float("inf")
        self.attempts = 0
        self.sent = False


@final
class Window:
    """Holds a run's unanswered frames. Times are seconds of any steady clock.

    The wait before a frame is sent again follows the answers as TCP's follows its acknowledgements
    (RFC 6298: smoothed time plus four deviations), so that a slow edge is not sent everything twice; it
    doubles with each attempt.

    Args:
        capacity: How many frames may wait.
        resend_after: Seconds that the shortest wait takes.
        give_up: Seconds after which an unanswered frame is given up; None for never.
    """

    def __init__(self, capacity: int, resend_after: float, give_up: float | None = None) -> None:
        self._capacity = capacity
        self._resend_after = resend_after
        self._give_up = give_up
        self._held: dict[tuple[int, int], _Held] = {}
        self._smoothed: float | None = None
        self._deviation = 0.0

    def __len__(self) -> int:
        return len(self._held)

    @property
    def capacity(self) -> int:
        """How many frames may wait."""
        return self._capacity

    @property
    def full(self) -> bool:
        """Whether no further frame may be let in."""
        return len(self._held) >= self._capacity

    @property
    def wait(self) -> float:
        """Seconds that a frame sent now waits before it is sent again."""
        if self._smoothed is None:
            return self._resend_after
        return min(max(self._resend_after, self._smoothed + 4 * self._deviation), LONGEST_WAIT)

    def admit(self, frame: Frame, now: float) -> None:
        """Let a frame in, about to be sent.

        Raises:
            IndexError: The window is full.
        """
        if self.full:
            raise IndexError("the window is full")
        self._held[frame.run, frame.sequence] = _Held(frame, now)

    def attempted(self, frame: Frame, now: float, *, taken: bool) -> bool:
        """Note that an attempt has come to its end; say whether the broker took it for the first time."""
        held = self._held.get((frame.run, frame.sequence))
        if held is None:  # its answer was faster than the broker's acknowledgement
            return False
        held.due = now + min(self.wait * 2**held.attempts, max(LONGEST_WAIT, self._resend_after))
        held.attempts += 1
        first, held.sent = taken and not held.sent, held.sent or taken
        return first

    def postpone(self, run: int, sequence: int, now: float) -> None:
        """Send a frame again before long: the edge said that it could not deal with it now."""
        held = self._held.get((run, sequence))
        if held is not None and held.due != float("inf"):
            soon = self._resend_after / 2 * 2 ** max(0, held.attempts - 1)
            held.due = min(held.due, now + min(soon, LONGEST_WAIT))

    def resolve(self, run: int, sequence: int, now: float) -> bool | None:
        """Let an answered frame go.

        Returns:
            None if it did not wait here, as for a second answer; else whether the broker was already known
            to have taken it: an answer may be faster than the broker's acknowledgement.
        """
        held = self._held.pop((run, sequence), None)
        if held is None:
            return None
        self._learn(now - held.first_sent)
        return held.sent

    def discard(self, frame: Frame) -> None:
        """Let a frame go that can never be delivered."""
        self._held.pop((frame.run, frame.sequence), None)

    def due(self, now: float) -> list[Frame]:
        """Take the frames whose wait is over, oldest first; each is not due again before its next attempt."""
        late = [held for held in self._held.values() if held.due <= now]
        for held in late:
            held.due = float("inf")
        return [held.frame for held in late]

    def expire(self, now: float) -> int:
        """Give up the frames that have waited too long; say how many."""
        if self._give_up is None:
            return 0
        late = [key for key, held in self._held.items() if now - held.first_sent >= self._give_up]
        for key in late:
            del self._held[key]
        return len(late)

    def next_event(self) -> float | None:
        """Say when a frame will be due or expire; None while nothing will."""
        times = [held.due for held in self._held.values()]
        if self._give_up is not None:
            times += [held.first_sent + self._give_up for held in self._held.values()]
        soonest = min(times, default=float("inf"))
        return None if soonest == float("inf") else soonest

    def _learn(self, seconds: float) -> None:
        if self._smoothed is None:
            self._smoothed, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._smoothed) - self._deviation) / 4
        self._smoothed += (seconds - self._smoothed) / 8
