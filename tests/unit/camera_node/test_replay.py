"""A replay counts exactly, drops nothing, and sends again what went unanswered."""

import asyncio

import pytest

from broker.answers import Answer
from broker.frames import Frame
from broker.memory import MemoryBroker
from broker.private_topics import ANSWERS, FRAMES
from broker.topic import Private
from camera_node.errors import LinkClosed, SourceFailed
from camera_node.memory_source import MemorySource
from camera_node.replay import ReplayProgress, ReplaySummary, replay
from camera_node.settings import CameraSpec
from camera_node.source import SourceCounts
from tests.unit.camera_node.twins import EdgeTwin, Judge, answer, camera_and_edge, pictures

SPEC = CameraSpec(name="yard", source="clip.mp4", window=4, resend_after=0.1)


async def play(
    judge: Judge,
    source: MemorySource,
    *,
    spec: CameraSpec = SPEC,
    broker: MemoryBroker[Private] | None = None,
) -> tuple[ReplaySummary, EdgeTwin, list[ReplayProgress], list[Answer]]:
    progress: list[ReplayProgress] = []
    answers: list[Answer] = []
    async with camera_and_edge(judge, broker) as (frames, home, edge):
        summary = await replay(
            spec, frames, home, progress.append, on_answer=answers.append, open_source=lambda _: source
        )
    return summary, edge, progress, answers


async def test_every_frame_is_answered_and_counted() -> None:
    source = MemorySource(pictures(30))
    summary, edge, progress, answers = await play(lambda frame, _: answer(frame), source)
    assert (summary.frames_read, summary.frames_processed, summary.frames_dropped) == (30, 30, {})
    assert summary.features_sent == summary.results_received == 30
    assert summary.bytes_cloud == 30 * 92
    assert summary.bytes_as_jpeg == sum(len(picture.jpeg) for picture in pictures(30))
    assert summary.latency["age"] == [0.005] * 30
    assert [frame.sequence for frame in edge.frames] == list(range(30))
    assert {frame.flow for frame in edge.frames} == {"wait"}
    assert sorted(a.sequence for a in answers) == list(range(30))
    assert progress[-1].frames_answered == 30
    assert progress[-1].in_flight == 0
    assert source.closed == 1


async def test_the_window_bounds_what_is_on_its_way() -> None:
    held: list[Frame] = []

    def judge(frame: Frame, times: int) -> Answer | None:
        held.append(frame)
        return answer(frame) if times == 2 or frame.sequence >= 4 else None

    _, edge, progress, _ = await play(judge, MemorySource(pictures(12)))
    assert max(report.in_flight for report in progress) == 4
    assert {frame.sequence for frame in edge.frames[:4]} == {0, 1, 2, 3}


async def test_an_unanswered_frame_is_sent_again_unchanged_and_not_counted_as_new() -> None:
    silent = {3, 7}
    summary, edge, _, _ = await play(
        lambda frame, times: None if frame.sequence in silent and times == 1 else answer(frame),
        MemorySource(pictures(10)),
    )
    assert (summary.frames_read, summary.frames_processed) == (10, 10)
    assert summary.retransmitted >= 2
    again = [frame for frame in edge.frames if frame.sequence == 3]
    assert len(again) >= 2
    assert again[0] == again[1]


@pytest.mark.parametrize("reason", ["cloud-timeout", "queue-full"])
async def test_a_refusal_that_passes_is_tried_again(reason: str) -> None:
    summary, _, _, answers = await play(
        lambda frame, times: answer(frame, reason=reason if times == 1 else ""), MemorySource(pictures(5))
    )
    assert summary.frames_processed == 5
    assert summary.frames_dropped == {}
    assert len(answers) == 5


async def test_a_refusal_for_good_is_counted_by_its_reason() -> None:
    summary, edge, _, _ = await play(
        lambda frame, _: answer(frame, reason="detector-failed" if frame.sequence == 2 else ""),
        MemorySource(pictures(5)),
    )
    assert (summary.frames_processed, summary.frames_dropped) == (4, {"detector-failed": 1})
    assert edge.seen[2] == 1


async def test_unanswered_frames_are_given_up_only_when_told() -> None:
    spec = CameraSpec(name="yard", source="clip.mp4", window=4, resend_after=0.1, give_up=0.3)
    summary, _, _, _ = await play(
        lambda frame, _: None if frame.sequence == 1 else answer(frame), MemorySource(pictures(3)), spec=spec
    )
    assert (summary.frames_processed, summary.frames_dropped) == (2, {"unanswered": 1})


async def test_a_second_answer_to_one_frame_counts_once() -> None:
    said: list[Answer] = []

    def judge(frame: Frame, _: int) -> Answer | None:
        said.append(answer(frame))
        return said[max(0, len(said) - 2)]  # one answer late, so each frame but the last is answered twice

    summary, _, _, answers = await play(judge, MemorySource(pictures(6)))
    assert summary.frames_processed == len(answers) == 6


async def test_a_broker_that_restarts_costs_no_frame() -> None:
    broker: MemoryBroker[Private] = MemoryBroker(Private)

    def judge(frame: Frame, times: int) -> Answer | None:
        if frame.sequence in (5, 11) and times == 1:
            broker.restart()
            return None
        return answer(frame)

    summary, _, _, _ = await play(judge, MemorySource(pictures(20)), broker=broker)
    assert (summary.frames_read, summary.frames_processed) == (20, 20)


async def test_the_sources_own_drops_are_in_the_summary() -> None:
    counts = SourceCounts(20, {"rate": 10, "undecodable": 3})
    summary, _, _, _ = await play(lambda frame, _: answer(frame), MemorySource(pictures(10), counts=counts))
    assert summary.frames_read == 20
    assert summary.frames_processed == 10
    assert summary.frames_dropped == {"rate": 10, "undecodable": 3}


async def test_a_source_that_breaks_off_is_reported_after_its_frames_are_home() -> None:
    source = MemorySource(pictures(5), SourceFailed("clip.mp4: the capture process died"))
    summary, _, _, _ = await play(lambda frame, _: answer(frame), source)
    assert summary.frames_processed == 5
    assert "died" in summary.failure


async def test_a_source_without_any_picture_is_an_error() -> None:
    with pytest.raises(SourceFailed, match="no picture"):
        await play(lambda frame, _: answer(frame), MemorySource([], SourceFailed("holds no picture")))


async def test_a_link_that_closes_while_answers_are_missing_is_an_error() -> None:
    broker: MemoryBroker[Private] = MemoryBroker(Private)
    async with broker.connection() as link:
        frames, home = link.publisher(FRAMES), link.subscriber(ANSWERS, only="yard")
        source = MemorySource(pictures(2))
        sent = asyncio.Event()
        task = asyncio.create_task(
            replay(
                SPEC,
                frames,
                home,
                lambda now: sent.set() if now.in_flight else None,
                open_source=lambda _: source,
            )
        )
        await asyncio.wait_for(sent.wait(), 5)
    with pytest.raises(LinkClosed, match="waited for their answers"):
        await asyncio.wait_for(task, 5)
    assert source.closed == 1


async def test_what_a_caller_does_with_an_answer_may_fail_the_replay() -> None:
    def refuse(_: Answer) -> None:
        raise OSError("disk full")

    async with camera_and_edge(lambda frame, _: answer(frame)) as (frames, home, _):
        with pytest.raises(OSError, match="disk full"):
            await replay(
                SPEC,
                frames,
                home,
                lambda _: None,
                on_answer=refuse,
                open_source=lambda _: MemorySource(pictures(3)),
            )


async def test_real_time_keeps_to_the_files_clock_and_loses_nothing() -> None:
    spec = CameraSpec(name="yard", source="clip.mp4", pace="realtime")
    summary, edge, _, _ = await play(
        lambda frame, _: answer(frame), MemorySource(pictures(6, fps=50)), spec=spec
    )
    assert summary.frames_processed == 6
    steps = [
        (b.captured_ns - a.captured_ns) / 1e9 for a, b in zip(edge.frames, edge.frames[1:], strict=False)
    ]
    assert sum(steps) >= 5 / 50 - 0.001
