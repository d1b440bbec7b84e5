"""Sends a live source's pictures: one place, the newest wins, every picture that loses it is counted."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final, final

from broker.ends import Publisher
from broker.errors import TooLarge, Undelivered
from broker.frames import Frame
from camera_node.errors import CameraError, first_error
from camera_node.framer import Framer
from camera_node.source import Picture
from camera_node.tally import Tally
from monitoring.logs import get_logger
from monitoring.metrics import QUEUE_CAPACITY, QUEUE_LENGTH

LOG_EVERY_SECONDS: Final = 5.0
QUEUE: Final = "camera newest slot"


@final
class NewestSender:
    """Sends one run's frames as fast as the broker takes them and no older than `max_lag`.

    Args:
        framer: Numbers the frames.
        frames: Where they go.
        tally: Counts.
        max_lag: Seconds after its capture at which a picture is too old to be sent; None for never.
    """

    def __init__(self, framer: Framer, frames: Publisher[Frame], tally: Tally, max_lag: float | None) -> None:
        self._framer = framer
        self._frames = frames
        self._tally = tally
        self._max_lag = max_lag
        self._slot: Picture | None = None
        self._filled = asyncio.Event()
        self._log = get_logger().bind(camera=framer.camera, queue=QUEUE)
        self._logged_at = -LOG_EVERY_SECONDS
        self._unlogged = 0

    async def run(self, pictures: AsyncIterator[Picture]) -> None:
        """Send until the pictures end; what then waits for its turn is counted as superseded.

        Raises:
            CameraError: What the pictures' source raises.
        """
        failure: CameraError | None = None
        queue = f"camera {self._framer.camera} newest"
        QUEUE_CAPACITY.labels(queue).set(1)
        QUEUE_LENGTH.labels(queue).set_function(lambda: int(self._slot is not None))
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(self._send(), name="send newest")
                try:
                    await self._fill(pictures)
                except CameraError as error:  # outside the group it stands alone
                    failure = error
                finally:
                    sending.cancel()
                    if self._slot is not None:
                        self._tally.drop("superseded")
        except ExceptionGroup as errors:
            raise first_error(errors) from errors
        if failure is not None:
            raise failure

    async def _fill(self, pictures: AsyncIterator[Picture]) -> None:
        async for picture in pictures:
            if self._slot is not None:
                self._tally.drop("superseded")
            self._slot = picture
            self._filled.set()

    async def _send(self) -> None:
        while True:
            await self._filled.wait()
            self._filled.clear()
            picture, self._slot = self._slot, None
            if picture is not None and not self._too_old(picture):
                await self._deliver(picture)

    async def _deliver(self, picture: Picture) -> None:
        span = self._framer.trace(picture)
        try:
            await self._frames.send(self._framer.frame(picture, span.traceparent))
        except Undelivered as error:
            self._drop("undelivered", why=str(error))
            span.end("undelivered", failed=True)
        except TooLarge as error:
            self._drop("too-large", why=str(error))
            span.end("too-large", failed=True)
        else:
            self._tally.count_sent()
            span.end("sent")

    def _too_old(self, picture: Picture) -> bool:
        lag = (time.time_ns() - picture.captured_ns) / 1e9
        if self._max_lag is None or lag <= self._max_lag:
            return False
        self._drop("lag", lag_seconds=round(lag, 3), max_lag_seconds=self._max_lag)
        return True

    def _drop(self, reason: str, **why: object) -> None:
        self._tally.drop(reason)
        self._unlogged += 1
        if time.monotonic() - self._logged_at >= LOG_EVERY_SECONDS:
            self._log.warning("frames dropped", reason=reason, count=self._unlogged, **why)
            self._logged_at, self._unlogged = time.monotonic(), 0
