"""Each picture that is sent has a trace of its own, which says what the broker made of it."""

from collections.abc import AsyncIterator, Sequence

from broker.errors import LinkError, TooLarge, Undelivered
from broker.frames import Frame
from camera_node.framer import Framer
from camera_node.memory_source import MemorySource
from camera_node.newest import NewestSender
from camera_node.replay import replay
from camera_node.settings import CameraSpec
from camera_node.source import Picture
from camera_node.tally import Tally
from tests.servers import until
from tests.unit.camera_node.twins import answer, camera_and_edge, pictures
from tests.unit.traced import Traced


class Broker:
    """Takes one frame after the other, or fails as told."""

    def __init__(self, *errors: LinkError | None) -> None:
        self._errors = list(errors)
        self.frames: list[Frame] = []

    async def send(self, message: Frame, /) -> int:
        self.frames.append(message)
        error = self._errors.pop(0)
        if error is not None:
            raise error
        return 1


async def one_by_one(shots: Sequence[Picture], broker: Broker) -> AsyncIterator[Picture]:
    """The next picture comes when the one before was tried: none is superseded."""
    for number, shot in enumerate(shots, start=1):
        yield shot
        await until(lambda number=number: len(broker.frames) >= number, "an attempt")


async def test_a_live_frame_ends_its_trace_as_sent_or_with_the_reason_why_not() -> None:
    traced, broker = Traced(), Broker(None, Undelivered("nobody"), TooLarge("too large"))
    framer = Framer("yard", "newest", "free", traced.traces)
    sending = NewestSender(framer, broker, Tally("yard"), None)
    shots = pictures(3)
    await sending.run(one_by_one(shots, broker))
    assert traced.ends("capture") == [("sent", False), ("undelivered", True), ("too-large", True)]
    spans = traced.spans("capture")
    assert [span.start_time for span in spans] == [shot.captured_ns for shot in shots]
    assert len({span.context.trace_id for span in spans}) == 3
    for span, frame in zip(spans, broker.frames, strict=True):
        assert frame.traceparent == f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"


async def test_a_frame_that_is_sent_again_stays_in_its_trace() -> None:
    traced = Traced()
    judge = lambda frame, times: answer(frame) if times > 2 else None  # noqa: E731
    spec = CameraSpec(name="yard", source="clip.mp4", resend_after=0.1)
    async with camera_and_edge(judge) as (frames, home, edge):
        source = lambda _: MemorySource(pictures(1))  # noqa: E731
        await replay(spec, frames, home, lambda _: None, open_source=source, traces=traced.traces)
    (capture,) = traced.spans("capture")
    again = traced.spans("send again")
    assert len(again) >= 2
    assert {span.parent.span_id for span in again} <= {capture.context.span_id}
    assert len({frame.traceparent for frame in edge.frames}) == 1
