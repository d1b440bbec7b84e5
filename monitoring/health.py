"""What a node can say of itself: is it alive, is it ready, is it whole."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, final

State = Literal["ok", "degraded", "failed"]


@dataclass(frozen=True)
class Check:
    """How one part is: `degraded` goes on without it, `failed` cannot."""

    state: State
    detail: str = ""


@final
@dataclass
class Health:
    """Gathers the checks of a node; each is a function that answers at once.

    A node is alive while its event loop has called `beat` lately, and ready while no check has failed.
    """

    checks: Mapping[str, Callable[[], Check]] = field(default_factory=dict)
    patience_seconds: float = 30.0
    _beat: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Say that the event loop turns."""
        self._beat = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the loop has turned within the last `patience_seconds`."""
        return time.monotonic() - self._beat < self.patience_seconds

    @property
    def ready(self) -> bool:
        """Whether the node is alive and can do its work."""
        return self.alive and self.report()[0] != "failed"

    def report(self) -> tuple[State, dict[str, Check]]:
        """Ask every check; the whole is as bad as its worst part."""
        found = {name: check() for name, check in self.checks.items()}
        states = {check.state for check in found.values()}
        worst: State = "failed" if "failed" in states else "degraded" if "degraded" in states else "ok"
        return worst, found
