"""Keeps Home Assistant informed: devices on every connect and at its birth, each camera's newest answer."""

import asyncio
from collections.abc import Iterable
from typing import Final, NoReturn, final

from broker.answers import Answer
from broker.ends import Publisher, Subscriber
from broker.errors import LinkError
from broker.home_messages import Birth, Discovery, HomeState, NoState
from feature_node.elsewhere.announced import Announced
from feature_node.elsewhere.home_device import camera_device, camera_id, edge_device
from feature_node.elsewhere.home_state import home_state, says_the_same
from feature_node.errors import BadSettings
from monitoring.metrics import HOME_ASSISTANT_DROPPED, HOME_ASSISTANT_SENT

PAUSE_SECONDS: Final = 1.0
"""Between two answers of a camera, at least: Home Assistant keeps a history of each."""
MAX_CAMERAS: Final = 4096


@final
class Announcer:
    """Takes answers at once and tells of them in its own time; the newest of a camera wins."""

    def __init__(
        self,
        devices: Publisher[Discovery],
        states: Publisher[HomeState | NoState],
        announced: Announced,
        *,
        cameras: Iterable[str],
        node: str,
        version: str,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """Announce `cameras`, and others when their first answer comes.

        Where `cameras` names some, those that were announced before and are not among them are taken away.
        """
        self._devices = devices
        self._states = states
        self._announced = announced
        self._node = node
        self._version = version
        self._pause = pause
        self._wanted = set(cameras)
        self._gone: frozenset[str] = announced.cameras - self._wanted if self._wanted else frozenset()
        self._wanted |= announced.cameras - self._gone
        self._newest: dict[str, HomeState] = {}
        self._told: dict[str, HomeState] = {}
        self._news = asyncio.Event()
        self._unannounced = True
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why Home Assistant was not told of the last change; empty where it was."""
        return self._trouble

    def take(self, answer: Answer) -> None:
        """Note an answer; returns at once."""
        known = answer.camera in self._wanted
        if not known and len(self._wanted) >= MAX_CAMERAS:
            HOME_ASSISTANT_DROPPED.labels("too-many-cameras").inc()
            return
        if not known:
            self._wanted.add(answer.camera)
            self._unannounced = True
        state = home_state(answer)
        waiting = self._newest.pop(answer.camera, None)
        if waiting is not None and not says_the_same(waiting, state):
            HOME_ASSISTANT_DROPPED.labels("newer").inc()
        if not says_the_same(state, self._told.get(answer.camera)):
            self._newest[answer.camera] = state
            self._news.set()

    def tell_again(self) -> None:
        """Tell of everything again: the broker may have forgotten it, or Home Assistant has just started."""
        self._unannounced = True
        for camera, state in self._told.items():
            self._newest.setdefault(camera, state)
        self._told.clear()
        self._news.set()

    async def listen(self, births: Subscriber[Birth]) -> None:
        """Tell of everything again whenever Home Assistant says that it is there."""
        async for delivery in births:
            delivery.done()
            if delivery.message.online:
                self.tell_again()

    async def run(self) -> NoReturn:
        """Tell what is new, at most once a pause; for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._tell()
                self._trouble = ""
            except (LinkError, BadSettings) as error:
                self._trouble = str(error)
                self._news.set()  # nothing is lost: it is tried again, unless something newer comes
            await asyncio.sleep(self._pause)

    async def _tell(self) -> None:
        if self._unannounced:
            self._unannounced = False
            try:
                await self._announce()
            except (LinkError, BadSettings):
                self._unannounced = True
                raise
        for camera in list(self._newest):
            state = self._newest.pop(camera)
            before = self._told.get(camera)
            self._told[camera] = state  # at once: what comes meanwhile is compared with it
            try:
                await self._states.send(state)
            except LinkError:
                self._untell(camera, before)
                self._newest.setdefault(camera, state)
                raise
            HOME_ASSISTANT_SENT.labels("answer").inc()

    def _untell(self, camera: str, before: HomeState | None) -> None:
        self._told.pop(camera, None)
        if before is not None:
            self._told[camera] = before

    async def _announce(self) -> None:
        for camera in sorted(self._gone):
            await self._send(Discovery(camera_id(camera), None))
            await self._states.send(NoState(camera))
            self._announced.remove(camera)
        self._gone = frozenset()
        await self._send(edge_device(self._node, self._version))
        for camera in sorted(self._wanted):
            self._announced.add(camera)
            await self._send(camera_device(camera, self._node, self._version))

    async def _send(self, device: Discovery) -> None:
        await self._devices.send(device)
        HOME_ASSISTANT_SENT.labels("device" if device.config else "removal").inc()
