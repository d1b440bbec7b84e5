"""A file replayed through a running set-up from within a test, which can watch and disturb it meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, final

from broker.answers import Answer
from broker.ends import Publisher
from broker.frames import Frame
from broker.private_topics import ANSWERS, FRAMES
from broker.topic import Private
from camera_node.replay import ReplayProgress, ReplaySummary, replay
from camera_node.settings import CameraSpec
from tests.servers import until
from tests.system.pipeline import Setup, link_to

DONE_WITHIN = 150.0
STEP_WITHIN = 60.0


@final
class Replaying:
    """A replay under way.

    Attributes:
        answers: one a frame, in the order of arrival.
        frames: what was sent, by sequence; kept only where asked for.
        progress: the last report.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.frames: dict[int, Frame] = {}
        self.progress: ReplayProgress | None = None
        self.task: asyncio.Task[ReplaySummary] | None = None

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.task is not None and self.task.done()

    async def more_answers(self, count: int) -> None:
        """Wait until so many more frames are answered; the replay must not end before."""
        wanted = len(self.answers) + count
        await until(lambda: len(self.answers) >= wanted or self.over, f"{count} more answers", STEP_WITHIN)
        assert len(self.answers) >= wanted, f"the replay ended after {len(self.answers)} answers"

    async def summary(self) -> ReplaySummary:
        """Wait for the end."""
        assert self.task is not None
        async with asyncio.timeout(DONE_WITHIN):
            return await self.task


@final
class _Keeping:
    """A publisher that keeps what it sends."""

    def __init__(self, publisher: Publisher[Frame], keep: Callable[[Frame], None]) -> None:
        self._publisher = publisher
        self._keep = keep

    async def send(self, message: Frame, /) -> int:
        self._keep(message)
        return await self._publisher.send(message)


@asynccontextmanager
async def replaying(
    setup: Setup, source: object, *, camera: str = "front", keep_frames: bool = False, **spec: Any
) -> AsyncIterator[Replaying]:
    """Replay a file under the account of a camera; cancelled where the test leaves early."""
    now = Replaying()

    def report(progress: ReplayProgress) -> None:
        now.progress = progress

    def keep(frame: Frame) -> None:
        if keep_frames:
            now.frames[frame.sequence] = frame

    link = link_to(Private, setup.camera_address(camera))
    answers = link.subscriber(ANSWERS, only=camera)
    frames = _Keeping(link.publisher(FRAMES), keep)
    wanted = CameraSpec(name=camera, source=str(source), **{"resend_after": 1.0, **spec})
    async with link:
        now.task = asyncio.create_task(
            replay(wanted, frames, answers, report, on_answer=now.answers.append), name="replay"
        )
        try:
            yield now
        finally:
            now.task.cancel()
            await asyncio.gather(now.task, return_exceptions=True)


async def assert_all_answered(now: Replaying, frames: int | None = None) -> ReplaySummary:
    """Wait for the end; every frame that was read has exactly one answer, and none is refused."""
    summary = await now.summary()
    assert summary.frames_dropped == {}
    assert summary.frames_read == summary.frames_processed == summary.results_received == len(now.answers)
    assert sorted(answer.sequence for answer in now.answers) == list(range(summary.frames_read))
    assert len({answer.run for answer in now.answers}) == 1
    assert {answer.outcome for answer in now.answers} == {"answered"}
    if frames is not None:
        assert summary.frames_read == frames
    return summary
