"""What the edge says of itself: its retained status, its readiness, and the gauges of its queues."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol, final

from broker.link import Link
from broker.status import BudgetWindow, NodeState, NodeStatus, PlacementStatus
from broker.topic import Cloud, Private
from feature_node.budget.ledger import Ledger
from feature_node.tally import Tally
from monitoring.health import Check, Health
from monitoring.metrics import PLACEMENT_STATE


class Spreading(Protocol):
    """An extractor that is spread over helpers, as far as the status tells of it."""

    @property
    def why_not(self) -> str:
        """Why nothing can be computed now; empty where it can."""
        ...

    @property
    def report(self) -> PlacementStatus | None:
        """The placement in use; None while there is none."""
        ...


STATUS_SECONDS: Final = 2.0
NO_CHECKS: Final[Mapping[str, Callable[[], Check]]] = MappingProxyType({})
_MAX_DETAIL: Final = 500
_MAX_CAMERAS: Final = 256


@final
class Status:
    """Gathers how the node is."""

    def __init__(self, node: str, version: str, tally: Tally) -> None:
        self._node = node
        self._version = version
        self._tally = tally
        self._bundle: tuple[str, ...] = ()
        self._cloud: Link[Cloud] | None = None
        self._ledger: Ledger | None = None
        self._spread: Spreading | None = None
        self._spread_once = False
        self._why_not = ""

    def refused(self, why_not: str) -> None:
        """Leave word why this node does not run."""
        self._why_not = why_not[:_MAX_DETAIL]

    def ready(
        self,
        bundle: str,
        cloud: Link[Cloud],
        ledger: Ledger | None = None,
        spread: Spreading | None = None,
    ) -> None:
        """Say that everything is loaded."""
        self._bundle = (bundle,)
        self._spread = spread
        self._ledger = ledger
        self._cloud = cloud
        if spread is not None:
            PLACEMENT_STATE.labels("placed").set_function(lambda: not spread.why_not)
            PLACEMENT_STATE.labels("none").set_function(lambda: bool(spread.why_not))

    @property
    def offline(self) -> NodeStatus:
        """The last will and the farewell."""
        return NodeStatus(
            node=self._node, role="edge", state="offline", detail=self._why_not, version=self._version
        )

    def now(self) -> NodeStatus:
        """How the node is at this moment."""
        state, detail = self._state()
        return NodeStatus(
            node=self._node,
            role="edge",
            state=state,
            detail=detail[:_MAX_DETAIL],
            version=self._version,
            bundle=self._bundle,
            dropped=dict(list(self._tally.counts.items())[:_MAX_CAMERAS]),
            budget=self._budget(),
            placement=self._spread.report if self._spread else None,
            since_ns=self._tally.since_ns,
        )

    def health(
        self, private: Link[Private], cloud: Link[Cloud], more: Mapping[str, Callable[[], Check]] = NO_CHECKS
    ) -> Health:
        """Make the checks behind readiness: the private broker is needed, the cloud may be away."""
        return Health(
            {
                **more,
                "extractor": self._check_extractor,
                "private-broker": lambda: Check("ok" if private.listening else "failed", private.detail),
                "cloud-broker": lambda: Check("ok" if cloud.connected else "degraded", cloud.detail),
            }
        )

    async def keep_saying(self, private: Link[Private]) -> None:
        """Publish the status again and again, and at once when the state changes; for ever."""
        said: tuple[NodeState, str] | None = None
        while True:
            state = self._state()
            if state != said:
                said = state
                await private.announce()
                continue
            await asyncio.sleep(STATUS_SECONDS)
            await private.announce()

    def _state(self) -> tuple[NodeState, str]:
        if self._cloud is None:
            return "starting", "loading the detector and the extractor"
        if self._spread is not None and self._spread.why_not:
            return ("refusing" if self._spread_once else "starting"), f"helpers: {self._spread.why_not}"
        self._spread_once = self._spread is not None
        if self._tally.refusing:
            return "refusing", self._tally.refusing
        if not self._cloud.connected:
            return "degraded", f"cloud broker: {self._cloud.detail}"
        return "online", _privacy(self._spread.report) if self._spread else ""

    def _budget(self) -> dict[str, dict[str, BudgetWindow]]:
        report = self._ledger.report() if self._ledger is not None else {}
        return dict(list(report.items())[:_MAX_CAMERAS])

    def _check_extractor(self) -> Check:
        state, detail = self._state()
        if state == "starting":
            return Check("failed", detail)
        return Check("degraded" if state == "refusing" else "ok", detail)


def _privacy(placement: PlacementStatus | None) -> str:
    """Say in words who holds the feature maps and what they are good for."""
    if placement is None:
        return ""
    working = sum(helper.working for helper in placement.helpers.values())
    kept = f"; the edge keeps {placement.kept} layers" if placement.kept else ""
    return (
        f"spread over {working} helpers; any {placement.colluding} of them together rebuild a picture to "
        f"SSIM {placement.max_ssim:g} at most, by the table{kept}"
    )
