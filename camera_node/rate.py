"""Which pictures to pass on when fewer a second are wanted than a source gives."""

from typing import final


@final
class Rate:
    """Admits pictures by their time so that at most `fps` a second pass, evenly spaced.

    Args:
        fps: At most so many a second; None admits all.
        jitter: Whether the times jitter, as arrival times do; then a picture may come early by up to half
            a period, else a live source of just `fps` pictures a second would lose many of them.
    """

    def __init__(self, fps: float | None, *, jitter: bool = False) -> None:
        self._period = 1.0 / fps if fps else 0.0
        self._slack = self._period * (0.5 if jitter else 0.02) + 0.001
        self._due: float | None = None

    def admits(self, position: float) -> bool:
        """Say whether the picture at `position` seconds is one to pass on."""
        if not self._period:
            return True
        if self._due is None or position < self._due - 2 * self._period:
            self._due = position  # the first picture, or the medium jumped back
        if position + self._slack < self._due:
            return False
        # Steps from where the picture should have been, not from where it is, keep the mean rate.
        self._due = max(self._due + self._period, position)
        return True
