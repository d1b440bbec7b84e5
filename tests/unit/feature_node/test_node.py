"""A frame's way there and back, between two brokers in memory."""

import asyncio
import threading
import time

import pytest

from broker.identity import pseudonym
from broker.results import RegionAnswer
from feature_node.box import Box
from tests.servers import until
from tests.unit.feature_node.fakes import KEY, SITE, FixedDetector, frame, jpeg, reply, running


async def test_an_answer_carries_boxes_bytes_and_hops():
    async with running() as (bench, send):
        sent = frame(3)
        await send(sent)
        (answer,) = await bench.answered(1)
        assert (answer.camera, answer.run, answer.sequence) == ("yard", 7, 3)
        assert answer.outcome == "answered"
        (region,) = answer.regions
        assert (region.box, region.label) == ((8, 8, 16, 16), "cat")
        assert answer.bytes_as_jpeg == len(sent.jpeg) < answer.bytes_private
        (path, wire) = bench.cloud.published[0]
        assert answer.bytes_cloud == len(wire)
        assert path == f"penumbra/features/{pseudonym(KEY, SITE, 'yard')}"
        assert answer.protection.mechanism == "clip+int8"
        hops = answer.hops
        assert 0 < hops.edge_compute < answer.age_seconds
        assert hops.cloud_round_trip >= hops.analyzer


async def test_a_frame_without_faces_is_answered_too():
    async with running(detector=FixedDetector(lambda _: ())) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.regions) == ("answered", ())


async def test_the_cloud_never_learns_the_cameras_name():
    async with running() as (bench, send):
        await send(frame(camera="grandmas-bedroom"))
        await bench.answered(1)
        assert not any(b"grandma" in path.encode() + data for path, data in bench.cloud.published)


async def test_a_duplicated_result_answers_once():
    async with running(replies=lambda f: [reply(f), reply(f)]) as (bench, send):
        await send(frame(0))
        await send(frame(1))
        await bench.until(
            lambda: sum(p.startswith("penumbra/results/") for p, _ in bench.cloud.published) == 4
        )
        assert [answer.sequence for answer in await bench.answered(2)] == [0, 1]


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "e" * 16},
        {"regions": ()},
        {"regions": (RegionAnswer("cat", 0.9),) * 2},
        {"sent_ns": 1},
        {"captured_ns": 1},
        {"sequence": 99},
        {"run": 8},
        {"stream": "a" * 20},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_result_that_does_not_fit_what_was_sent_is_ignored(change):
    async with running(replies=lambda f: [reply(f, **change), reply(f)]) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert [region.label for region in answer.regions] == ["cat"]
        assert answer.bundle != "e" * 16


async def test_what_the_analyzer_refuses_comes_home_as_refused():
    def refuse(features):
        return [reply(features, regions=(), refused="unknown-bundle")]

    async with running(replies=refuse) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason) == ("refused", "analyzer-unknown-bundle")


async def test_a_frame_that_comes_again_after_its_answer_gets_the_same_answer():
    async with running() as (bench, send):
        sent = frame()
        await send(sent)
        await bench.answered(1)
        await send(sent)
        first, second = await bench.answered(2)
        assert first == second
        assert len(bench.crossed) == 1
        assert bench.tally.counts["yard"] == {"answered-before": 1}


async def test_a_frame_that_comes_again_while_it_is_worked_on_is_ignored():
    async with running(replies=lambda _: []) as (bench, send):
        sent = frame()
        await send(sent)
        await bench.until(lambda: bool(bench.crossed))
        await send(sent)
        await send(frame(1))
        await bench.until(lambda: len(bench.crossed) == 2)
        assert bench.tally.counts == {"yard": {"duplicate": 1}}


async def test_a_replayed_frame_that_the_cloud_did_not_answer_is_worked_on_when_it_comes_again():
    lost = [True]

    def replies(features):
        return [] if lost and lost.pop() else [reply(features)]

    async with running(replies=replies, answer_timeout=0.05) as (bench, send):
        sent = frame()
        await send(sent)
        await until(lambda: "yard" in bench.tally.counts, "the time-out")
        assert bench.tally.counts == {"yard": {"cloud-timeout": 1}}
        assert not bench.answers, "a source that waits sends the frame again"
        await send(sent)
        (answer,) = await bench.answered(1)
        assert answer.outcome == "answered"


async def test_a_live_frame_that_the_cloud_did_not_answer_is_reported():
    async with running(replies=lambda _: [], answer_timeout=0.05) as (bench, send):
        await send(frame(flow="newest"))
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason) == ("refused", "cloud-timeout")


async def test_no_more_than_the_places_are_unanswered():
    async with running(replies=lambda _: [], in_flight=2) as (bench, send):
        for number in range(5):
            await send(frame(number))
        await send(frame(0, camera="door"))
        await bench.until(lambda: len(bench.crossed) == 3)
        await asyncio.sleep(0)
        yard = pseudonym(KEY, SITE, "yard")
        assert sorted(f.sequence for f in bench.crossed if f.stream == yard) == [0, 1]


async def test_frames_of_one_camera_leave_in_order_though_detection_overlaps():
    second_detected = threading.Event()

    def detect(picture):
        if picture[0, 0, 0] < 50:
            assert second_detected.wait(10), "the second frame is looked at while the first one still is"
        second_detected.set()
        return (Box(8, 8, 16, 16),)

    async with running(detector=FixedDetector(detect), workers=4) as (bench, send):
        for number in range(8):
            await send(frame(number, jpeg=jpeg(value=10 if number == 0 else 200)))
        await bench.answered(8)
        assert [features.sequence for features in bench.crossed] == list(range(8))


async def test_clocks_that_differ_make_no_negative_times():
    hours = 3_600_000_000_000

    def replies(features):
        now = time.time_ns() - 5 * hours
        return [reply(features, received_ns=now, answered_ns=now + 1000)]

    async with running(replies=replies) as (bench, send):
        await send(frame(captured_ns=time.time_ns() + hours))
        (answer,) = await bench.answered(1)
        assert min(getattr(answer.hops, hop) for hop in answer.hops.__struct_fields__) >= 0
        assert answer.outcome == "answered"
