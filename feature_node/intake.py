"""Where frames wait for their turn: bounded, fair between cameras, newest first for live ones.

A live camera has one slot, and a newer frame replaces the one in it. A replaying camera has a short queue;
what does not fit is left to the source, which sends every unanswered frame again. Every frame that is not
taken is counted with the reason.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final, final

from broker.ends import Delivery, Subscriber
from broker.frames import Frame
from feature_node.tally import Tally
from monitoring.traces import NO_SPAN, NO_TRACES, Span, Traces

FrameKey = tuple[str, int, int]
GONE_SECONDS: Final = 600.0
"""A camera of which nothing was heard for so long makes room for another, where there is none left."""
UNNAMED: Final = ""
"""Stands in counts for the cameras beyond the bound, so that names from outside make no new counters."""


def key_of(frame: Frame) -> FrameKey:
    """Say which frame it is."""
    return (frame.camera, frame.run, frame.sequence)


@final
class Item:
    """A frame on its way through the edge.

    Attributes:
        frame: The frame.
        size: Bytes of its message.
        received_ns: When it arrived, Unix time by the edge's clock.
        span: The edge's part of its trace.
    """

    def __init__(self, frame: Frame, size: int, received_ns: int, span: Span = NO_SPAN) -> None:
        self.frame = frame
        self.size = size
        self.received_ns = received_ns
        self.span = span
        self._before: asyncio.Event | None = None
        self._after = asyncio.Event()

    def line_up(self, before: asyncio.Event | None) -> asyncio.Event:
        """Come after the camera's frame before this one; give what the next one waits for."""
        self._before = before
        return self._after

    async def turn(self) -> None:
        """Wait until the camera's frame before this one has passed."""
        if self._before is not None:
            await self._before.wait()
            self._before = None

    def passed(self) -> None:
        """Let the camera's next frame pass."""
        self._after.set()


@final
class _Camera:
    """The frames of one camera that wait, whether the last one taken has passed, and when one came."""

    def __init__(self) -> None:
        self.waiting: deque[Item] = deque()
        self.last: asyncio.Event | None = None
        self.heard = time.monotonic()

    @property
    def gone(self) -> bool:
        """Whether this camera's place may be given to another."""
        passed = self.last is None or self.last.is_set()
        return passed and not self.waiting and time.monotonic() - self.heard > GONE_SECONDS


@final
class Intake:
    """Takes frames in and hands them out, one camera after the other."""

    def __init__(
        self,
        tally: Tally,
        *,
        queue: int,
        queue_bytes: int,
        max_cameras: int,
        max_lag: float | None = None,
        traces: Traces = NO_TRACES,
    ) -> None:
        self._tally = tally
        self._traces = traces
        self._queue = queue
        self._bytes_left = queue_bytes
        self._max_cameras = max_cameras
        self._max_lag = max_lag
        self._cameras: OrderedDict[str, _Camera] = OrderedDict()
        self._waiting: set[FrameKey] = set()
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    async def receive(self, frames: Subscriber[Frame], known: Callable[[Frame], bool]) -> None:
        """Take in what arrives until the link is closed; `known` frames are already dealt with."""
        async for delivery in frames:
            if known(delivery.message):
                self._item(delivery).span.end("duplicate")
            else:
                self.admit(delivery)
            delivery.done()

    def admit(self, delivery: Delivery[Frame]) -> None:
        """Let a frame wait, or count why not."""
        frame, item = delivery.message, self._item(delivery)
        camera = self._camera(frame.camera)
        if camera is None:
            self._drop(item, "too-many-cameras", UNNAMED)
            return
        camera.heard = time.monotonic()
        if key_of(frame) in self._waiting:
            self._drop(item, "duplicate")
        elif frame.flow == "newest":
            self._replace(camera, item)
        elif len(camera.waiting) >= self._queue or delivery.size > self._bytes_left:
            self._drop(item, "overflow")
        else:
            self._append(camera, item)

    async def take(self, has_room: Callable[[str], bool]) -> Item:
        """Give the next frame of the next camera in turn for whose frames there is room."""
        while True:
            item = self._next(has_room)
            if item is not None:
                return item
            self._news.clear()
            await self._news.wait()

    async def settled(self, elsewhere: Callable[[], bool]) -> None:
        """Wait until nothing waits here, and nothing is left `elsewhere`; asked whenever a place is free."""
        while self._waiting or not elsewhere():
            self._news.clear()
            await self._news.wait()

    def look_again(self) -> None:
        """Say that there may be room now where there was none."""
        self._news.set()

    def _camera(self, name: str) -> _Camera | None:
        if name in self._cameras:
            return self._cameras[name]
        if len(self._cameras) >= self._max_cameras:
            gone = next((other for other, camera in self._cameras.items() if camera.gone), None)
            if gone is None:
                return None
            del self._cameras[gone]
        self._cameras[name] = _Camera()
        return self._cameras[name]

    def _item(self, delivery: Delivery[Frame]) -> Item:
        frame, received_ns = delivery.message, delivery.received_ns
        span = self._traces.begin(
            "edge", parent=frame.traceparent, start_ns=received_ns, kind="consumer", camera=frame.camera
        )
        return Item(frame, delivery.size, received_ns, span)

    def _drop(self, item: Item, reason: str, camera: str | None = None) -> None:
        self._tally.dropped(item.frame.camera if camera is None else camera, reason)
        item.span.end(reason, failed=True)

    def _replace(self, camera: _Camera, item: Item) -> None:
        frame = item.frame
        waits = next((other for other in camera.waiting if other.frame.flow == "newest"), None)
        if waits is not None and waits.frame.run == frame.run and waits.frame.sequence > frame.sequence:
            self._drop(item, "superseded")
            return
        if waits is not None:
            self._remove(camera, waits)
            self._drop(waits, "superseded")
        if item.size > self._bytes_left:
            self._drop(item, "overflow")
        else:
            self._append(camera, item)

    def _append(self, camera: _Camera, item: Item) -> None:
        camera.waiting.append(item)
        self._waiting.add(key_of(item.frame))
        self._bytes_left -= item.size
        self._news.set()

    def _remove(self, camera: _Camera, item: Item) -> None:
        camera.waiting.remove(item)
        self._waiting.discard(key_of(item.frame))
        self._bytes_left += item.size

    def _next(self, has_room: Callable[[str], bool]) -> Item | None:
        for name in list(self._cameras):
            camera = self._cameras[name]
            while camera.waiting and has_room(name):
                item = camera.waiting[0]
                self._remove(camera, item)
                if self._too_old(item):
                    self._drop(item, "lag")
                    continue
                camera.last = item.line_up(camera.last)
                self._cameras.move_to_end(name)
                return item
        return None

    def _too_old(self, item: Item) -> bool:
        """Say whether a live frame is over the lag; a camera's own clock counts only if it is kept right."""
        if self._max_lag is None or item.frame.flow == "wait":
            return False
        since = item.frame.captured_ns if item.frame.clock == "synchronised" else item.received_ns
        return time.time_ns() - min(since, item.received_ns) > self._max_lag * 1e9
