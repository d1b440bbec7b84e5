"""The edge's side of the live page: shown each frame while somebody watches, and free while nobody does.

What a page costs is bounded: one picture of each camera waits to be drawn, the newest; drawing goes on in a
thread of its own, a few times a second, and rests longer than it works.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Final, final

from broker.answers import Answer
from broker.ends import Connection
from broker.errors import BrokerError
from broker.frames import Frame
from broker.private_topics import CAMERA_STATUS
from broker.status import BudgetWindow
from broker.topic import Private
from feature_node.live.parts import Parts
from feature_node.live.reflection import Left, Reflector
from feature_node.live.showing import Heard, Showing
from feature_node.threads import Threads
from feature_node.way import Released
from monitoring.live.view import CameraView, PartView, Pictures, SiteView
from monitoring.logs import get_logger
from monitoring.metrics import LIVE_FRAMES_SKIPPED

MOST_CAMERAS: Final = 256
GAP_SECONDS: Final = 0.25
"""All cameras are drawn at most once in so long."""
REST: Final = 4.0
"""After drawing, so many times as long as that took is rested: a fifth of one core at most."""
_STATUSES_WAITING: Final = 64

Budgets = Callable[[], Mapping[str, Mapping[str, BudgetWindow]]]
StatusLink = Callable[[], AbstractAsyncContextManager[Connection[Private]]]


@final
class LiveFeed:
    """A `Tap` of the edge and a `Feed` of the page; both in the edge's event loop.

    Attributes:
        watched: Whether anybody watches.
    """

    def __init__(
        self,
        site: SiteView,
        reflector: Reflector,
        parts: Parts,
        *,
        budgets: Budgets,
        statuses: StatusLink,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `budgets` tells what cameras have spent, `statuses` opens a link to hear them on."""
        self.watched = False
        self._site = site
        self._reflector = reflector
        self._parts = parts
        self._budgets = budgets
        self._statuses = statuses
        self._clock = clock
        self._watchers = 0
        self._versions = count(1)
        self._showings: dict[str, Showing] = {}
        self._heard: dict[str, Heard] = {}
        self._waiting: dict[str, Left] = {}
        self._complaints: set[str] = set()
        self._turned = asyncio.Event()
        self._offered = asyncio.Event()
        self._news = asyncio.Event()

    def left(self, frame: Frame, released: Released) -> None:
        """See `Tap`; a frame that waits to be drawn makes room for this one."""
        showing = self._showing(frame.camera)
        if showing is None:
            return
        showing.left(released.protection, self._clock())
        if frame.camera in self._waiting:
            LIVE_FRAMES_SKIPPED.labels("superseded").inc()
        self._waiting[frame.camera] = Left(
            frame.run,
            frame.sequence,
            frame.jpeg,
            (frame.width, frame.height),
            released.sealed.wire,
            released.boxes,
        )
        self._offered.set()

    def answered(self, answer: Answer) -> None:
        """See `Tap`."""
        self._parts.answered(answer)
        showing = self._showing(answer.camera)
        if showing is not None:
            showing.answered(answer, self._clock())
            self._news.set()

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """See `Feed`."""
        self._watchers += 1
        self._turn()
        try:
            yield
        finally:
            self._watchers -= 1
            self._turn()

    def site(self) -> SiteView:
        """See `Feed`."""
        return self._site

    def cameras(self) -> tuple[CameraView, ...]:
        """See `Feed`."""
        now, budgets = self._clock(), self._budgets()
        names = sorted({*self._showings, *self._heard})
        return tuple(
            (self._showings.get(name) or Showing(name, now)).view(
                self._heard.get(name), budgets.get(name, {}), now
            )
            for name in names[:MOST_CAMERAS]
        )

    def parts(self) -> tuple[PartView, ...]:
        """See `Feed`."""
        return self._parts.views()

    async def pictures(self, camera: str) -> Pictures | None:
        """See `Feed`."""
        showing = self._showings.get(camera)
        return showing.pictures if showing is not None else None

    async def changed(self, seconds: float) -> None:
        """See `Feed`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def run(self) -> None:
        """Draw, and listen to the cameras, whenever somebody watches; until cancelled."""
        async with Threads(1) as thread:
            while True:
                await self._until(watched=True)
                work = [asyncio.create_task(self._draw(thread)), asyncio.create_task(self._listen())]
                try:
                    await self._until(watched=False)
                finally:
                    for task in work:
                        task.cancel()
                    await asyncio.gather(*work, return_exceptions=True)

    def _turn(self) -> None:
        self.watched = self._watchers > 0
        self._turned.set()
        self._forget()

    async def _until(self, *, watched: bool) -> None:
        while self.watched is not watched:
            self._turned.clear()
            await self._turned.wait()

    def _forget(self) -> None:
        if not self.watched:
            self._parts.forget()
            for kept in (self._showings, self._heard, self._waiting):
                kept.clear()

    def _showing(self, camera: str) -> Showing | None:
        if camera not in self._showings:
            if len(self._showings) >= MOST_CAMERAS:
                LIVE_FRAMES_SKIPPED.labels("too-many-cameras").inc()
                return None
            self._showings[camera] = Showing(camera, self._clock())
        return self._showings[camera]

    async def _draw(self, thread: Threads) -> None:
        while True:
            await self._offered.wait()
            self._offered.clear()
            began = self._clock()
            for camera in sorted(self._waiting):
                left = self._waiting.pop(camera, None)  # gone where the page was closed meanwhile
                if left is not None:
                    await self._reflect(camera, left, thread)
            await asyncio.sleep(max(GAP_SECONDS, REST * (self._clock() - began)))

    async def _reflect(self, camera: str, left: Left, thread: Threads) -> None:
        try:
            reflection = await thread.run(self._reflector.reflect, left)
        except Exception as error:  # noqa: BLE001 - showing the work must not stop the work
            LIVE_FRAMES_SKIPPED.labels("not-drawn").inc()
            self._complain(type(error).__name__)
            return
        showing = self._showings.get(camera)
        if showing is not None:
            showing.reflected(reflection, next(self._versions))
            self._news.set()

    def _complain(self, error: str) -> None:
        """Say once what goes wrong; a counter tells how often."""
        if error not in self._complaints:
            self._complaints.add(error)
            get_logger().warning("live page: a frame was not drawn", error=error)

    async def _listen(self) -> None:
        """Hear how the cameras are; without that, they are judged by their pictures."""
        try:
            async with self._statuses() as link:
                async for delivery in link.subscriber(CAMERA_STATUS, capacity=_STATUSES_WAITING):
                    status = delivery.message
                    delivery.done()
                    if status.camera in self._heard or len(self._heard) < MOST_CAMERAS:
                        self._heard[status.camera] = Heard(status, self._clock())
                        self._news.set()
        except BrokerError as error:
            get_logger().warning("live page: cameras are not heard", why=str(error))
