"""In-memory partners of a camera: pictures out of nothing, and an edge that answers as it is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from broker.answers import Answer, Hops
from broker.ends import Publisher, Subscriber
from broker.frames import Frame
from broker.memory import MemoryBroker
from broker.private_topics import ANSWERS, FRAMES
from broker.topic import Private
from camera_node.source import Picture

Judge = Callable[[Frame, int], Answer | None]
"""From a frame and how often it has come to its answer; None to say nothing."""


def pictures(count: int, *, fps: float = 25.0) -> list[Picture]:
    """Pictures of nothing, each with other bytes."""
    return [
        Picture(b"jpeg %d" % number, 64, 48, 1_700_000_000_000_000_000 + number, number / fps)
        for number in range(count)
    ]


def answer(frame: Frame, *, reason: str = "") -> Answer:
    """The answer to a frame; a refusal where a reason is given."""
    return Answer(
        camera=frame.camera,
        run=frame.run,
        sequence=frame.sequence,
        captured_ns=frame.captured_ns,
        answered_ns=frame.captured_ns + 5_000_000,
        outcome="refused" if reason else "answered",
        reason=reason,
        bytes_private=len(frame.jpeg) + 60,
        bytes_cloud=0 if reason else 92,
        bytes_as_jpeg=len(frame.jpeg),
        hops=Hops(edge_compute=0.004),
        age_seconds=0.005,
    )


class EdgeTwin:
    """Takes frames and answers them as `judge` says."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.seen: Counter[int] = Counter()
        self.frames: list[Frame] = []

    async def run(self, frames: Subscriber[Frame], answers: Publisher[Answer]) -> None:
        async for delivery in frames:
            frame = delivery.message
            self.frames.append(frame)
            self.seen[frame.sequence] += 1
            delivery.done()
            said = self.judge(frame, self.seen[frame.sequence])
            if said is not None:
                await answers.send(said)


@asynccontextmanager
async def camera_and_edge(
    judge: Judge, broker: MemoryBroker[Private] | None = None
) -> AsyncIterator[tuple[Publisher[Frame], Subscriber[Answer], EdgeTwin]]:
    """A camera's two ends, with an edge at the other side of a memory broker."""
    broker = broker or MemoryBroker(Private)
    edge = EdgeTwin(judge)
    async with broker.connection() as theirs, broker.connection() as ours:
        await theirs.wait_connected(1)
        await ours.wait_connected(1)
        frames, answers = theirs.subscriber(FRAMES, capacity=64), theirs.publisher(ANSWERS)
        home = ours.subscriber(ANSWERS, only="yard", capacity=64)
        task = asyncio.create_task(edge.run(frames, answers), name="edge twin")
        try:
            yield ours.publisher(FRAMES), home, edge
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
