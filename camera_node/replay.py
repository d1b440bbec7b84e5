"""Replays a file through the pipeline: every frame processed, everything counted, until the last answer."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import final

import msgspec

from broker.answers import Answer
from broker.ends import Publisher, Subscriber
from broker.frames import Frame
from camera_node.charges import Charged, Charges
from camera_node.clock import host_clock
from camera_node.errors import SourceFailed
from camera_node.framer import Framer
from camera_node.latency import Latencies
from camera_node.open_source import open_source
from camera_node.pacing import as_it_comes, in_real_time
from camera_node.settings import CameraSpec
from camera_node.source import Picture, Source
from camera_node.tally import Tally
from camera_node.waiting import WaitingSender
from camera_node.window import Window
from monitoring.traces import NO_TRACES, Traces


class ReplayProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a replay is.

    Attributes:
        frames_read: Pictures read from the file, those left out by `fps` among them.
        frames_answered: Frames whose answer came home, refusals among them.
        frames_dropped: Pictures that got no answer, by reason.
        in_flight: Frames that wait for their answers.
        retransmitted: Times that a frame was sent again.
        total: Pictures in the file by its own account; None if it does not say.
        regions: Regions answered so far.
        wall_seconds: Since the replay began.
    """

    frames_read: int
    frames_answered: int
    frames_dropped: dict[str, int]
    in_flight: int
    retransmitted: int
    total: int | None
    regions: int
    wall_seconds: float


class ReplaySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay did; `frames_read` = `frames_processed` + the `frames_dropped` that were read.

    Attributes:
        frames_read: Pictures read from the file.
        frames_processed: Frames that were answered.
        frames_dropped: Pictures that were not, by reason: `rate` were left out by choice, `undecodable` could
            not be read, `unanswered` were given up, others are the edge's refusals.
        features_sent: Frames of which features crossed to the cloud.
        results_received: Frames whose result came back from there.
        regions: Regions answered.
        bytes_private: Bytes of frames' messages on the private side, each frame once.
        bytes_cloud: Bytes of features' messages that crossed.
        bytes_as_jpeg: Bytes that would have crossed as pictures.
        retransmitted: Times that a frame was sent again.
        failure: Why the file broke off before its end; empty where it did not.
        latency: Seconds by hop, and `age` from capture to answer.
        charged: What the messages cost of privacy, where they were protected by noise.
        wall_seconds: From opening the file to the last answer.
    """

    frames_read: int
    frames_processed: int
    frames_dropped: dict[str, int]
    features_sent: int
    results_received: int
    regions: int
    bytes_private: int
    bytes_cloud: int
    bytes_as_jpeg: int
    retransmitted: int
    failure: str = ""
    latency: dict[str, list[float]]
    charged: Charged = Charged()
    wall_seconds: float


async def replay(
    spec: CameraSpec,
    frames: Publisher[Frame],
    answers: Subscriber[Answer],
    on_progress: Callable[[ReplayProgress], None],
    *,
    on_answer: Callable[[Answer], None] | None = None,
    open_source: Callable[[CameraSpec], Source] = open_source,
    traces: Traces = NO_TRACES,
) -> ReplaySummary:
    """Send every picture of a file and return once each is answered.

    Args:
        spec: The camera; its source is a file or a folder that ends.
        frames: Where frames go.
        answers: Where their answers come from; only this camera's.
        on_progress: Is told after each picture and each answer; must not block.
        on_answer: Is given every answer, once, in the order of arrival; must not block.
        open_source: Makes the source; another one in tests.
        traces: Begins a trace for each frame.

    Raises:
        CameraError: The source cannot be read, or the link closed.
    """
    replaying = _Replay(spec, on_progress, on_answer, traces)
    async with open_source(spec) as source:
        await replaying.run(source, frames, answers)
    return replaying.summary()


@final
class _Replay:
    """One replay's state."""

    def __init__(
        self,
        spec: CameraSpec,
        on_progress: Callable[[ReplayProgress], None],
        on_answer: Callable[[Answer], None] | None,
        traces: Traces,
    ) -> None:
        self._spec = spec
        self._traces = traces
        self._on_progress = on_progress
        self._pass_on = on_answer
        self._tally = Tally(spec.name)
        self._window = Window(spec.window, spec.resend_after, spec.give_up)
        self._latencies = Latencies()
        self._charges = Charges()
        self._failure = ""
        self._began = time.monotonic()
        self._total: int | None = None
        self._answered = self._processed = self._features = self._results = self._regions = 0
        self._bytes_private = self._bytes_cloud = self._bytes_as_jpeg = 0

    async def run(self, source: Source, frames: Publisher[Frame], answers: Subscriber[Answer]) -> None:
        """Send the source's pictures and wait for their answers."""
        self._total = source.info.total
        sender = WaitingSender(
            Framer(self._spec.name, "wait", host_clock(), self._traces),
            frames,
            answers,
            window=self._window,
            tally=self._tally,
            on_answer=self._take,
        )
        pace = in_real_time if self._spec.pace == "realtime" else as_it_comes
        async with aclosing(self._counted(source)) as counted, aclosing(pace(counted)) as paced:
            try:
                await sender.run(paced)
            except SourceFailed as error:
                if not self._tally.read:
                    raise
                self._failure = str(error)
        self._report()

    def summary(self) -> ReplaySummary:
        """Give the totals."""
        return ReplaySummary(
            frames_read=self._tally.read,
            frames_processed=self._processed,
            frames_dropped=self._tally.dropped,
            features_sent=self._features,
            results_received=self._results,
            regions=self._regions,
            bytes_private=self._bytes_private,
            bytes_cloud=self._bytes_cloud,
            bytes_as_jpeg=self._bytes_as_jpeg,
            retransmitted=self._tally.retransmitted,
            failure=self._failure,
            latency=self._latencies.by_hop(),
            charged=self._charges.charged,
            wall_seconds=time.monotonic() - self._began,
        )

    async def _counted(self, source: Source) -> AsyncGenerator[Picture, None]:
        async for picture in source:
            self._tally.take_source(source.counts)
            yield picture
            self._report()
        self._tally.take_source(source.counts)

    def _take(self, answer: Answer) -> None:
        answered = answer.outcome == "answered"
        self._answered += 1
        self._processed += answered
        self._features += answer.bytes_cloud > 0
        self._results += answered and answer.bytes_cloud > 0
        self._regions += len(answer.regions)
        self._bytes_private += answer.bytes_private
        self._bytes_cloud += answer.bytes_cloud
        self._bytes_as_jpeg += answer.bytes_as_jpeg
        self._charges.take(answer)
        if answered:
            self._latencies.take(answer)
        if self._pass_on is not None:
            self._pass_on(answer)
        self._report()

    def _report(self) -> None:
        self._on_progress(
            ReplayProgress(
                frames_read=self._tally.read,
                frames_answered=self._answered,
                frames_dropped=self._tally.dropped,
                in_flight=len(self._window),
                retransmitted=self._tally.retransmitted,
                total=self._total,
                regions=self._regions,
                wall_seconds=time.monotonic() - self._began,
            )
        )
