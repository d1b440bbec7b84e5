"""Sends the frames of a file: none is dropped, each waits in a bounded window for its answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final, final

from broker.answers import Answer
from broker.ends import Publisher, Subscriber
from broker.errors import TooLarge, Undelivered
from broker.frames import Frame
from camera_node.errors import CameraError, LinkClosed, first_error
from camera_node.framer import Framer
from camera_node.source import Picture
from camera_node.tally import Tally
from camera_node.window import Window
from monitoring.logs import get_logger
from monitoring.metrics import QUEUE_CAPACITY, QUEUE_LENGTH
from monitoring.traces import Span

TRANSIENT: Final = frozenset(
    {"cloud-timeout", "cloud-unreachable", "queue-full", "overloaded", "undelivered", "stopping"}
)
"""Reasons of a refusal after which the same frame may well be answered if it is sent again."""


@final
class WaitingSender:
    """Sends one run's frames and sends them again until each is answered.

    Args:
        framer: Numbers the frames.
        frames: Where they go.
        answers: Where their answers come from; those of others are passed over.
        window: Holds what is unanswered.
        tally: Counts.
        on_answer: Is given each frame's answer, once.
    """

    def __init__(
        self,
        framer: Framer,
        frames: Publisher[Frame],
        answers: Subscriber[Answer],
        *,
        window: Window,
        tally: Tally,
        on_answer: Callable[[Answer], None] = lambda _answer: None,
    ) -> None:
        self._framer = framer
        self._frames = frames
        self._answers = answers
        self._window = window
        self._tally = tally
        self._on_answer = on_answer
        self._moved = asyncio.Event()  # the window lost a frame
        self._sent = asyncio.Event()  # a frame has a new due time
        self._log = get_logger().bind(camera=framer.camera)

    async def run(self, pictures: AsyncIterator[Picture]) -> None:
        """Send every picture and return once the last is answered or given up.

        Raises:
            CameraError: What the pictures' source raises, after the frames before it were answered.
            LinkClosed: The link closed before that.
        """
        failure: CameraError | None = None
        queue = f"camera {self._framer.camera} window"
        QUEUE_CAPACITY.labels(queue).set(self._window.capacity)
        QUEUE_LENGTH.labels(queue).set_function(lambda: len(self._window))
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(self._listen(), name="answers"),
                    group.create_task(self._send_again(), name="send again"),
                ]
                try:
                    await self._feed(pictures)
                except CameraError as error:  # raised below, when the frames on their way are home
                    failure = error
                await self._emptied()
                for helper in helpers:
                    helper.cancel()
        except ExceptionGroup as errors:
            raise first_error(errors) from errors
        if failure is not None:
            raise failure

    async def _feed(self, pictures: AsyncIterator[Picture]) -> None:
        async for picture in pictures:
            await self._room()
            span = self._framer.trace(picture)
            frame = self._framer.frame(picture, span.traceparent)
            self._window.admit(frame, time.monotonic())
            await self._attempt(frame, span)

    async def _attempt(self, frame: Frame, span: Span) -> None:
        taken = False
        try:
            await self._frames.send(frame)
            taken = True
            span.end("sent")
        except Undelivered as error:
            self._log.warning("frame not taken, will be sent again", sequence=frame.sequence, why=str(error))
            span.end("undelivered", failed=True)
        except TooLarge as error:
            self._window.discard(frame)
            self._drop("too-large")
            self._log.error("frame dropped", reason="too-large", sequence=frame.sequence, why=str(error))
            span.end("too-large", failed=True)
            return
        if self._window.attempted(frame, time.monotonic(), taken=taken):
            self._tally.count_sent()
        self._sent.set()

    async def _send_again(self) -> None:
        while True:
            for _ in range(self._window.expire(time.monotonic())):
                self._drop("unanswered")
            for frame in self._window.due(time.monotonic()):
                self._tally.count_retransmitted()
                await self._attempt(frame, self._framer.trace_again(frame))
            await self._until_next_event()

    async def _until_next_event(self) -> None:
        soonest = self._window.next_event()
        pause = None if soonest is None else max(0.0, soonest - time.monotonic())
        self._sent.clear()
        try:
            async with asyncio.timeout(pause):
                await self._sent.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        async for delivery in self._answers:
            self._take(delivery.message)
            delivery.done()
        raise LinkClosed(
            f"camera {self._framer.camera}: the link to the private broker closed while {len(self._window)} "
            "frames waited for their answers."
        )

    def _take(self, answer: Answer) -> None:
        if answer.run != self._framer.run:
            return
        now = time.monotonic()
        if answer.outcome == "refused" and answer.reason in TRANSIENT:
            self._window.postpone(answer.run, answer.sequence, now)
            self._sent.set()
            return
        was_sent = self._window.resolve(answer.run, answer.sequence, now)
        if was_sent is None:
            return
        if not was_sent:
            self._tally.count_sent()
        if answer.outcome == "refused":
            self._tally.drop(answer.reason)
        self._moved.set()
        self._on_answer(answer)

    def _drop(self, reason: str) -> None:
        self._tally.drop(reason)
        self._moved.set()

    async def _room(self) -> None:
        while self._window.full:
            self._moved.clear()
            await self._moved.wait()

    async def _emptied(self) -> None:
        while len(self._window):
            self._moved.clear()
            await self._moved.wait()
