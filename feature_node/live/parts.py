"""How the parts around the edge are, in the words of the live page."""

from collections.abc import Callable, Mapping
from typing import Final, final

from broker.answers import Answer
from broker.ends import Connection
from broker.status import NodeStatus, PlacementStatus
from broker.topic import Cloud, Private
from monitoring.live.view import PartState, PartView

UNREACHED: Final = frozenset({"cloud-timeout", "cloud-unreachable"})
_STATES: Final[Mapping[str, PartState]] = {
    "starting": "starting",
    "online": "ok",
    "degraded": "degraded",
    "refusing": "failed",
    "offline": "gone",
}

_UNKNOWN: Final = PartView(name="analyzers", side="cloud", state="starting", detail="no answer has come yet")


@final
class Parts:
    """Asks the edge and its links; of the analyzers it knows what their answers tell."""

    def __init__(
        self, status: Callable[[], NodeStatus], private: Connection[Private], cloud: Connection[Cloud]
    ) -> None:
        self._status = status
        self._private = private
        self._cloud = cloud
        self._analyzers = _UNKNOWN

    def forget(self) -> None:
        """Know nothing of the analyzers again: nobody looks at their answers any more."""
        self._analyzers = _UNKNOWN

    def answered(self, answer: Answer) -> None:
        """Note whether the cloud answers."""
        if answer.reason in UNREACHED:
            words = answer.reason.replace("-", " ")
            self._analyzers = PartView(name="analyzers", side="cloud", state="failed", detail=words)
        elif answer.outcome == "answered":
            self._analyzers = PartView(name="analyzers", side="cloud", state="ok")

    def views(self) -> tuple[PartView, ...]:
        """All parts as they are now: the house's first."""
        status = self._status()
        edge = PartView(name=status.node, side="house", state=_STATES[status.state], detail=status.detail)
        private, cloud = self._private, self._cloud
        return (
            edge,
            *_helpers(status.placement),
            PartView(name="private broker", side="house", state=_link(private), detail=_detail(private)),
            PartView(name="cloud broker", side="cloud", state=_link(cloud), detail=_detail(cloud)),
            self._analyzers,
        )


def _link(link: Connection[Private] | Connection[Cloud]) -> PartState:
    return "ok" if link.connected else "failed"


def _detail(link: Connection[Private] | Connection[Cloud]) -> str:
    return "" if link.connected else link.detail


def _helpers(placement: PlacementStatus | None) -> tuple[PartView, ...]:
    if placement is None:
        return ()
    working = sum(helper.working for helper in placement.helpers.values())
    state: PartState = "ok" if working == len(placement.helpers) else "degraded" if working else "failed"
    detail = f"{working} of {len(placement.helpers)} work"
    return (PartView(name="helpers", side="house", state=state, detail=detail),)
