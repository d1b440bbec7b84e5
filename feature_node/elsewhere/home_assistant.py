"""Home Assistant from the edge: a link of its own, by an account that may announce and nothing else."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import final

from broker.home_topics import HOME_STATES, birth, discovery
from broker.mqtt import mqtt_link
from broker.topic import AnyTopic, Private
from feature_node.elsewhere.announced import Announced
from feature_node.elsewhere.announcer import Announcer
from feature_node.elsewhere.settings import HomeAssistantSettings
from monitoring.health import Check


@final
class _Reconnects:
    """Says that the link stands again; a `LinkObserver`."""

    def __init__(self) -> None:
        self.announcer: Announcer | None = None

    def on_link(self, connected: bool) -> None:
        if connected and self.announcer is not None:
            self.announcer.tell_again()  # a broker that was started again has forgotten what it kept

    def on_sent(self, topic: AnyTopic, size: int) -> None:
        pass

    def on_received(self, topic: AnyTopic, size: int) -> None:
        pass

    def on_refused(self, topic: AnyTopic, reason: str) -> None:
        pass


@final
class HomeAssistant:
    """An announcer and how it is."""

    def __init__(self, settings: HomeAssistantSettings, *, node: str, version: str, record: Path) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            BadSettings: The record of what was announced cannot be used.
        """
        watch = _Reconnects()
        self._link = mqtt_link(
            Private,
            settings.address,
            client_id=f"penumbra-announcer-{node}-{secrets.token_hex(4)}",
            observer=watch,
        )
        self._births = self._link.subscriber(birth(settings.discovery_prefix), capacity=4)
        self.announcer = watch.announcer = Announcer(
            self._link.publisher(discovery(settings.discovery_prefix)),
            self._link.publisher(HOME_STATES),
            Announced(record),
            cameras=settings.cameras,
            node=node,
            version=version,
        )

    def check(self) -> Check:
        """How it is, for `/readyz`: the edge goes on without it."""
        if not self._link.connected:
            return Check("degraded", self._link.detail)
        trouble = self.announcer.trouble
        return Check("degraded", trouble) if trouble else Check("ok", self._link.detail)

    @asynccontextmanager
    async def running(self, tasks: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Keep Home Assistant informed for as long as the context lasts."""
        async with self._link:
            running = [
                tasks.create_task(self.announcer.listen(self._births), name="Home Assistant's birth"),
                tasks.create_task(self.announcer.run(), name="Home Assistant"),
            ]
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
