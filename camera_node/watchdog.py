"""How a camera is: pure rules from what happened to a state. Times are seconds of any steady clock."""

from collections import deque
from typing import Final, final

from broker.status import CameraState

_FPS_SECONDS: Final = 5.0


@final
class Watchdog:
    """Follows one camera through its states.

    Args:
        stall_after: Seconds without a picture after which it is stalled; None where silence is normal, as
            for a file that waits for its answers.
        frozen_after: Seconds of pictures that do not change after which it is frozen; None for never.
    """

    def __init__(self, stall_after: float | None, frozen_after: float | None) -> None:
        self._stall_after = stall_after
        self._frozen_after = frozen_after
        self._state: CameraState = "not_started"
        self._detail = ""
        self._last_picture = 0.0
        self._last_change = 0.0
        self._arrivals: deque[tuple[float, int]] = deque()
        self._pictures = 0

    @property
    def state(self) -> CameraState:
        """Where it stands."""
        return self._state

    @property
    def detail(self) -> str:
        """Why, in words for a person."""
        return self._detail

    def connecting(self, detail: str = "") -> None:
        """It is being opened, or waits to be."""
        self._arrivals.clear()
        self._enter("connecting", detail)

    def opened(self, now: float) -> None:
        """It is open; until its first picture it still counts as connecting."""
        self._last_picture = self._last_change = now
        self._enter("connecting", "open, waiting for the first picture")

    def picture(self, now: float, *, changed: bool = True) -> None:
        """A picture came; `changed` tells whether it shows anything new."""
        self._last_picture = now
        self._pictures += 1
        if changed:
            self._last_change = now
        if self._frozen_after is not None and now - self._last_change >= self._frozen_after:
            self._enter("frozen", f"the same picture for {now - self._last_change:.0f} s")
        else:
            self._enter("running", "")

    def tick(self, now: float) -> None:
        """Time passes."""
        if not self._arrivals or now - self._arrivals[-1][0] >= 0.2:
            self._arrivals.append((now, self._pictures))
        while len(self._arrivals) > 2 and now - self._arrivals[0][0] > _FPS_SECONDS:
            self._arrivals.popleft()
        silent = now - self._last_picture
        waiting = self._state in ("running", "frozen", "stalled")
        if self._stall_after is not None and waiting and silent >= self._stall_after:
            self._enter("stalled", f"no picture for {silent:.0f} s")

    def ended(self, detail: str = "") -> None:
        """The medium is at its end."""
        self._enter("ended", detail)

    def failed(self, detail: str) -> None:
        """It will not run, whatever is tried."""
        self._enter("failed", detail)

    def fps(self) -> float:
        """Pictures a second over the last seconds."""
        if len(self._arrivals) < 2 or self._state not in ("running", "frozen"):
            return 0.0
        (began, before), (now, after) = self._arrivals[0], self._arrivals[-1]
        return (after - before) / max(now - began, 0.001)

    def _enter(self, state: CameraState, detail: str) -> None:
        self._state, self._detail = state, detail
