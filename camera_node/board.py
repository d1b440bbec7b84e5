"""What a camera says of itself: its retained status, its metrics, its readiness, and a log line on change."""

import asyncio
import time
from typing import Final, NoReturn, final, get_args

from broker.bounds import MAX_DETAIL
from broker.ends import Publisher
from broker.errors import LinkError
from broker.status import CameraState, CameraStatus
from camera_node.settings import CameraSpec
from camera_node.source_kind import CAN_FREEZE
from camera_node.tally import Tally
from camera_node.watchdog import Watchdog
from monitoring.health import Check
from monitoring.logs import get_logger
from monitoring.metrics import SOURCE_FPS, SOURCE_STATE, SOURCE_UP

LOOK_SECONDS: Final = 0.25
REPEAT_SECONDS: Final = 2.0
_STATES: Final[tuple[CameraState, ...]] = get_args(CameraState)


@final
class StatusBoard:
    """Knows one camera's state and counts, and shows them.

    Attributes:
        tally: The counts of the current run.
        run: The current run, 0 before the first.
    """

    def __init__(self, spec: CameraSpec) -> None:
        live = spec.live
        stall_after = max(spec.stall_after, 3.0 / (spec.fps or 1000.0)) if live else None
        frozen_after = spec.frozen_after if spec.kind in CAN_FREEZE else None
        self.tally = Tally(spec.name)
        self.run = 0
        self._camera = spec.name
        self._kind = spec.kind
        self._watchdog = Watchdog(stall_after, frozen_after)
        self._shown: CameraState | None = None
        self._since_ns = time.time_ns()
        self._changed = asyncio.Event()
        self._log = get_logger().bind(camera=spec.name)
        self._show()

    @property
    def state(self) -> CameraState:
        """Where the camera stands."""
        return self._watchdog.state

    def offline(self) -> CameraStatus:
        """Say what the broker says for a camera that is gone."""
        return CameraStatus(camera=self._camera, state="offline", source=self._kind)

    def now(self) -> CameraStatus:
        """Say how the camera is at this moment."""
        return CameraStatus(
            camera=self._camera,
            state=self._watchdog.state,
            detail=self._watchdog.detail[:MAX_DETAIL],
            source=self._kind,
            run=self.run,
            fps=round(self._watchdog.fps(), 2),
            frames_read=self.tally.read,
            frames_sent=self.tally.sent,
            dropped=self.tally.dropped,
            since_ns=self._since_ns,
        )

    def farewell(self) -> CameraStatus:
        """Say what is true once the node has left: a medium that ended or failed stays so."""
        return self.now() if self.state in ("ended", "failed") else self.offline()

    def check(self) -> Check:
        """Say for `/readyz` how the camera is; the node goes on without it."""
        if self.state in ("running", "ended"):
            return Check("ok", self._watchdog.detail)
        return Check("degraded", f"{self.state}: {self._watchdog.detail}".rstrip(": "))

    def begin(self, run: int) -> None:
        """A run begins: its counts start at 0."""
        self.run = run
        self.tally = Tally(self._camera)

    def connecting(self, detail: str = "") -> None:
        """The source is being opened, or waits to be."""
        self._watchdog.connecting(detail)
        self._show()

    def opened(self) -> None:
        """The source is open."""
        self._watchdog.opened(time.monotonic())
        self._show()

    def picture(self, *, changed: bool) -> None:
        """A picture came."""
        self._watchdog.picture(time.monotonic(), changed=changed)
        self._show()

    def ended(self, detail: str = "") -> None:
        """The medium is at its end."""
        self._watchdog.ended(detail)
        self._show()

    def failed(self, detail: str) -> None:
        """The source will not run, whatever is tried."""
        self._watchdog.failed(detail)
        self._show()

    async def keep_watching(self) -> NoReturn:
        """Notice what does not happen, such as pictures that stay away, until cancelled."""
        while True:
            self._watchdog.tick(time.monotonic())
            SOURCE_FPS.labels(self._camera).set(self._watchdog.fps())
            self._show()
            await asyncio.sleep(LOOK_SECONDS)

    async def keep_publishing(self, statuses: Publisher[CameraStatus]) -> NoReturn:
        """Publish the status on change and every 2 s, until cancelled."""
        while True:
            self._changed.clear()
            try:
                await statuses.send(self.now())
            except LinkError as error:
                self._log.warning("status not published", why=str(error))
            try:
                async with asyncio.timeout(REPEAT_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _show(self) -> None:
        state = self._watchdog.state
        if state == self._shown:
            return
        self._shown, self._since_ns = state, time.time_ns()
        for known in _STATES:
            SOURCE_STATE.labels(self._camera, known).set(known == state)
        SOURCE_UP.labels(self._camera).set(state == "running")
        log = self._log.warning if state in ("stalled", "frozen", "failed") else self._log.info
        log("camera state", state=state, detail=self._watchdog.detail)
        self._changed.set()
