"""Counts what happens to frames, for metrics and for the node's status."""

import time
from collections import Counter
from typing import Final, final

from monitoring.logs import get_logger
from monitoring.metrics import DROPPED, GATE_REFUSALS

FORGIVEN: Final = frozenset({"bad-picture"})
"""Reasons that lie in the picture, not in this node: they do not make it `refusing`."""
MAX_CAMERAS: Final = 4096


@final
class Tally:
    """Drops and refusals by camera and reason, and which cameras are being refused now."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {}
        self._refusing: dict[str, str] = {}
        self.since_ns = time.time_ns()

    def dropped(self, camera: str, reason: str) -> None:
        """Count a frame that was not processed."""
        self._count(camera, reason, "")
        DROPPED.labels(camera, reason).inc()

    def withheld(self, camera: str, reason: str, detail: str, standing: str = "") -> None:
        """Count a frame of which nothing may leave; `standing` says it in the status, if not the reason."""
        self._count(camera, reason, detail)
        GATE_REFUSALS.labels(camera, reason).inc()
        if reason not in FORGIVEN:
            self._changing()
            self._refusing[camera] = standing or reason

    def released(self, camera: str) -> None:
        """Note that a frame of this camera was let through."""
        if camera in self._refusing:
            self._changing()
            del self._refusing[camera]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Frames by camera and reason."""
        return {camera: dict(reasons) for camera, reasons in self._counts.items()}

    @property
    def refusing(self) -> str:
        """Name the cameras whose last frame was held back, and why; empty where none was."""
        return ", ".join(f"{camera}: {reason}" for camera, reason in sorted(self._refusing.items()))

    def _changing(self) -> None:
        self.since_ns = time.time_ns()

    def _count(self, camera: str, reason: str, detail: str) -> None:
        if camera not in self._counts and len(self._counts) >= MAX_CAMERAS:
            return
        reasons = self._counts.setdefault(camera, Counter())
        reasons[reason] += 1
        # The first, the tenth, the hundredth …: seen at once, and never a flood.
        if str(reasons[reason]).strip("0") == "1":
            get_logger().warning(
                "frame not answered", side="private", camera=camera, reason=reason, count=reasons[reason],
                detail=detail,
            )  # fmt: skip
