"""What an analyzer says of itself: its retained status, its readiness, and a log line when that changes."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn, Protocol, final

from broker.errors import LinkError
from broker.status import NodeState, NodeStatus
from monitoring.health import Check
from monitoring.logs import get_logger

LOOK_SECONDS: Final = 0.25
REPEAT_SECONDS: Final = 2.0


class Announcer(Protocol):
    """Publishes the node's presence, which has changed."""

    async def announce(self) -> None:
        """Publish it now, if connected."""
        ...


@final
class Reporter:
    """Knows the node's state: `online`, or `degraded` while the store is not wholly used.

    Args:
        node: the node's name.
        version: Penumbra's version.
        bundles: ids of the loaded bundles.
        trouble: says in a few words what is wrong with the store; empty for nothing.
        dropped: what could not be answered, by reason.
    """

    def __init__(
        self,
        node: str,
        version: str,
        bundles: Sequence[str],
        trouble: Callable[[], str],
        dropped: Mapping[str, int],
    ) -> None:
        self._offline = NodeStatus(
            node=node, role="analyzer", state="offline", version=version, bundle=tuple(bundles)
        )
        self._trouble = trouble
        self._dropped = dropped
        self._state: NodeState = "starting"
        self._since_ns = time.time_ns()

    @property
    def offline(self) -> NodeStatus:
        """What the broker says for a node that is gone."""
        return self._offline

    def now(self) -> NodeStatus:
        """Say how the node is at this moment."""
        trouble = self._trouble()
        state: NodeState = "degraded" if trouble else "online"
        if state != self._state:
            self._state, self._since_ns = state, time.time_ns()
        last = self._offline
        return NodeStatus(
            node=last.node,
            role=last.role,
            state=state,
            detail=f"{trouble}: answers go on without it" if trouble else "",
            version=last.version,
            bundle=last.bundle,
            dropped={"": dict(self._dropped)} if self._dropped else {},
            since_ns=self._since_ns,
        )

    def check_store(self) -> Check:
        """Say for `/readyz` how the store is; without it the node goes on."""
        trouble = self._trouble()
        return Check("degraded", trouble) if trouble else Check("ok")

    async def keep_announcing(self, link: Announcer) -> NoReturn:
        """Publish the status on change and every 2 s, and log each change, until cancelled."""
        said, told = "", 0.0
        log = get_logger()
        while True:
            status = self.now()
            if status.state != said:
                log.info("analyzer state", state=status.state, detail=status.detail)
            if status.state != said or time.monotonic() - told >= REPEAT_SECONDS:
                said, told = status.state, time.monotonic()
                try:
                    await link.announce()
                except LinkError as error:
                    log.warning("status not published", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)
