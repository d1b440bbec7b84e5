"""The two ways to capture: a file picture by picture, a live source by its newest picture."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, final

from camera_node.capture_wire import Counted, Message, Opened, Order, Shot
from camera_node.change import ChangeMeter
from camera_node.decoder_log import DecoderLog
from camera_node.errors import SourceFailed
from camera_node.prepare import Preparer
from camera_node.rate import Rate
from camera_node.reader import Moment, Reader
from camera_node.readers import reader_for
from camera_node.source import Picture
from camera_node.source_kind import CAN_FREEZE, LIVE
from camera_node.zones import Pixels
from monitoring.masking import mask_source

Send = Callable[[Message], None]

COUNT_EVERY: Final = 0.5
"""Seconds between two reports of the counts."""


def capture(order: Order, log: DecoderLog, send: Send) -> None:
    """Open the ordered source and send its pictures until it ends.

    Raises:
        CameraError: It does not open, or breaks off.
    """
    job = _Job(order, send)
    if order.kind in LIVE:
        _capture_live(order, log, job)
    else:
        _capture_medium(order, log, job)


@final
class _Job:
    """One capture's counts, preparation and output."""

    def __init__(self, order: Order, send: Send) -> None:
        self._send = send
        self._preparer = Preparer(mask_source(order.source), order.zones, order.size, order.quality)
        # The demo makes only what is wanted of it.
        self._rate = Rate(None if order.kind == "demo" else order.fps, jitter=order.kind in LIVE)
        self._meter = ChangeMeter() if order.kind in CAN_FREEZE else None
        self._last_count = time.monotonic()
        self._advanced = 0
        self._failed = 0
        self.dropped: Counter[str] = Counter()

    @property
    def read(self) -> int:
        """Pictures read: those stepped to, without those that then did not decode."""
        return self._advanced - self._failed

    def open(self, reader: Reader, *, endless: bool) -> None:
        """Open a reader and say so."""
        info = reader.open()
        self._send(Opened(info if not endless else type(info)(info.width, info.height, info.fps, None)))

    def wanted(self, position: float) -> bool:
        """Count a picture read; say whether the chosen rate wants it."""
        self._advanced += 1
        if self._rate.admits(position):
            return True
        self.dropped["rate"] += 1
        self.count_now_and_then()
        return False

    def pass_on(self, pixels: Pixels | None, moment: Moment) -> None:
        """Prepare and send a picture; one that did not decode is none that was read."""
        if pixels is None:
            self._failed += 1
            self.dropped["undecodable"] += 1
            return
        changed = self._meter is None or self._meter.changed(pixels)
        prepared = self._preparer.prepare(pixels)
        if prepared is None:
            self.dropped["too-large"] += 1
            return
        jpeg, width, height = prepared
        picture = Picture(jpeg, width, height, moment.captured_ns, moment.position, changed)
        self._last_count = time.monotonic()
        self._send(Shot(picture, self._counts()))

    def count_now_and_then(self) -> None:
        """Report the counts if the last report is old."""
        if time.monotonic() - self._last_count >= COUNT_EVERY:
            self.count()

    def count(self) -> None:
        """Report the counts."""
        self._last_count = time.monotonic()
        self._send(self._counts())

    def _counts(self) -> Counted:
        return Counted(self.read, dict(self.dropped))


def _capture_medium(order: Order, log: DecoderLog, job: _Job) -> None:
    start, first = 0.0, True
    while True:
        reader = reader_for(order, log)
        before = job.read
        try:
            if first:
                job.open(reader, endless=order.loop)
            else:
                reader.open()
            start = _play(reader, job, start)
        finally:
            reader.close()
        job.count()
        if job.read == before:
            raise SourceFailed(
                f"{mask_source(order.source)} holds no picture that can be decoded "
                f"({reader.undecodable} tried). It is empty or damaged."
            )
        if not order.loop:
            return
        first = False


def _play(reader: Reader, job: _Job, start: float) -> float:
    """Send a medium's pictures once, timed from `start` seconds; return when the next round starts."""
    position, step = start, 0.0
    undecodable_images = job.dropped["undecodable"]
    while (moment := reader.advance()) is not None:
        now = start + moment.position
        step = now - position if now > position else step
        position = now
        if job.wanted(position):
            job.pass_on(reader.pixels(), Moment(moment.captured_ns, position))
    # What the reader itself noticed between the pictures; images that failed are counted already.
    noticed = reader.undecodable - (job.dropped["undecodable"] - undecodable_images)
    job.dropped["undecodable"] += max(0, noticed)
    if not job.dropped["undecodable"]:
        del job.dropped["undecodable"]
    return position + step


def _capture_live(order: Order, log: DecoderLog, job: _Job) -> None:
    reader = reader_for(order, log)
    job.open(reader, endless=True)
    newest = _Newest()
    threading.Thread(target=_follow, args=(reader, job, newest), name="follow", daemon=True).start()
    while (taken := newest.take()) is not None:
        job.pass_on(*taken)


def _follow(reader: Reader, job: _Job, newest: "_Newest") -> None:
    """Read a live source as fast as it comes, so that nothing old piles up in its buffers."""
    try:
        while (moment := reader.advance()) is not None:
            if job.wanted(moment.position) and newest.put(reader.pixels(), moment):
                job.dropped["superseded"] += 1
        newest.close(None)
    except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
        newest.close(error)
    finally:
        reader.close()


@final
class _Newest:
    """One place between two threads; a newer picture takes the place of one not fetched yet."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: tuple[Pixels | None, Moment] | None = None
        self._closed = False
        self._error: Exception | None = None

    def put(self, pixels: Pixels | None, moment: Moment) -> bool:
        """Leave a picture; say whether it took another's place."""
        with self._changed:
            replaced, self._held = self._held is not None, (pixels, moment)
            self._changed.notify()
            return replaced

    def close(self, error: Exception | None) -> None:
        """Say that no more will come, and why."""
        with self._changed:
            self._closed, self._error = True, error
            self._changed.notify()

    def take(self) -> tuple[Pixels | None, Moment] | None:
        """Wait for a picture; None at the end.

        Raises:
            Exception: What the source broke off with.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._held is not None or self._closed)
            held, self._held = self._held, None
            if held is None and self._error is not None:
                raise self._error
            return held
