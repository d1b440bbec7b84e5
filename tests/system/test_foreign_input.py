"""What nobody asked for, on a live edge and a live analyzer: refused, counted, and then work goes on."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from broker.answers import encode_answer
from broker.bounds import MAX_FEATURES_BYTES, MAX_FRAME_BYTES
from broker.features import decode_features, encode_features
from broker.frames import encode_frame
from broker.identity import new_run
from broker.results import encode_result
from broker.transport import SessionLost
from tests.servers import until
from tests.system.pipeline import Setup, running_setup
from tests.system.replays import assert_all_answered, replaying
from tests.system.strangers import (
    PICTURE,
    STREAM,
    Stranger,
    Taker,
    bad_messages,
    counted,
    features,
    frame,
    manifest,
    refused,
    result_of,
    stranger,
)

YEAR_NS = 365 * 24 * 3600 * 10**9
MANY = 2000
"""Bad messages of one kind, after which nothing may have grown."""
GROWTH = 48 * 2**20
"""Bytes that resident memory may move by itself: allocators, caches of a fixed size, threads."""

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def attacked(tmp_path: Path, **edge: Any) -> AsyncIterator[tuple[Setup, Stranger, Stranger]]:
    """A running set-up with a stranger on each broker; afterwards a good frame is still answered."""
    async with (
        running_setup(tmp_path, edge=edge) as setup,
        stranger(setup.private) as private,
        stranger(setup.cloud) as cloud,
    ):
        pid = setup.edge.pid
        yield setup, private, cloud
        await answers_a_good_frame(private)
        assert (setup.edge.pid, setup.edge.running, setup.analyzer.running) == (pid, True, True)
        await setup.ready()


async def answers_a_good_frame(private: Stranger, camera: str = "front") -> None:
    good = frame(camera=camera, run=new_run())
    await private.send(f"penumbra/frames/{camera}", encode_frame(good))
    assert (await private.sees_answer(good.run, 0)).outcome == "answered"


async def test_the_edge_refuses_what_is_no_frame(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, private, _):
        good = encode_frame(frame())
        for reason, message in bad_messages(
            good, "penumbra/frames/front", "penumbra/frames/back", MAX_FRAME_BYTES
        ).items():
            await private.send(*message)
            await refused(setup.edge, "penumbra/frames", reason)
        elsewhere = ["penumbra/frames", "penumbra/frames/front/more", "penumbra/other", "homeassistant/x"]
        await private.send_all((path, good) for path in elsewhere)
        await private.send_all(
            ("penumbra/frames/front", garbage) for garbage in (b"", b"P", b"PF", b"PF\x01")
        )
        await refused(setup.edge, "penumbra/frames", "malformed", at_least=2)
        assert not private.answers()


async def test_the_edge_refuses_pictures_that_are_none(tmp_path: Path) -> None:
    bomb = bytearray(PICTURE)
    header = bomb.index(b"\xff\xc0")
    bomb[header + 5 : header + 9] = b"\xff\xff\xff\xff"  # says that it has 65535 x 65535 pixels
    pictures = {
        "not a JPEG": frame(0, jpeg=b"no picture"),
        "cut short": frame(1, jpeg=PICTURE[: len(PICTURE) // 2]),
        "damaged": frame(2, jpeg=PICTURE[:200] + bytes(100) + PICTURE[-2:]),
        "of another size": frame(3, width=640, height=480),
        "huge": frame(4, jpeg=bytes(bomb)),
    }
    async with attacked(tmp_path) as (setup, private, cloud):
        for each in pictures.values():
            await private.send("penumbra/frames/front", encode_frame(each))
            answer = await private.sees_answer(1, each.sequence)
            assert (answer.outcome, answer.reason) == ("refused", "bad-picture")
        metrics = await setup.edge.metrics()
        assert metrics["penumbra_gate_refusals_total", "front", "bad-picture"] == len(pictures)
        assert not cloud.seen, "something left although the picture was none"


async def test_repeated_and_disordered_frames_are_answered_once(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, private, cloud):
        order = [5, 0, 3, 3, 1, 0, 4, 2, 5, 5]
        for sequence in order:
            await private.send("penumbra/frames/front", encode_frame(frame(sequence)))
        for sequence in set(order):
            assert (await private.sees_answer(1, sequence)).outcome == "answered"
        await private.send("penumbra/frames/front", encode_frame(frame(3)))
        await counted(setup.edge, "penumbra_frames_dropped_total", "front", "answered-before")
        sent = [i for i in cloud.seen if i.path.startswith("penumbra/features/")]
        assert sorted(decode_features(i.data).sequence for i in sent) == sorted(set(order))


async def test_of_live_frames_out_of_order_the_newest_is_never_lost(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, private, cloud):
        setup.analyzer.kill()  # so that frames wait at the edge
        for sequence in (*range(30, 60), *range(30)):
            await private.send("penumbra/frames/front", encode_frame(frame(sequence, flow="newest")))
        await counted(setup.edge, "penumbra_frames_dropped_total", "front", "superseded", at_least=20)
        setup.analyzer.start()
        await setup.ready()

        def newest_left() -> bool:
            sent = [i for i in cloud.seen if i.path.startswith("penumbra/features/")]
            return 59 in {decode_features(i.data).sequence for i in sent}

        await until(newest_left, "the newest frame leaves")


@pytest.mark.parametrize("clock", ["synchronised", "free"])
async def test_a_clock_that_is_years_off_only_spoils_the_ages(clock: str, tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, private, _):
        now = time.time_ns()
        times = [now + 50 * YEAR_NS, now - 50 * YEAR_NS, 1, 2**63 - 1, now]
        for sequence, captured_ns in enumerate(times):
            for flow in ("wait", "newest"):
                sent = frame(sequence, run=2, captured_ns=captured_ns, clock=clock, flow=flow)
                if flow == "newest":
                    sent = msgspec.structs.replace(sent, run=3)
                await private.send("penumbra/frames/front", encode_frame(sent))
                answer = await private.sees_answer(sent.run, sequence)
                assert (answer.outcome, answer.captured_ns) == ("answered", captured_ns)
                assert min(getattr(answer.hops, hop) for hop in answer.hops.__struct_fields__) >= 0
        setup.edge.assert_no_traceback()


async def test_a_flood_of_unknown_cameras_is_bounded(tmp_path: Path) -> None:
    async with attacked(tmp_path, max_cameras=8) as (setup, private, _):
        await answers_a_good_frame(private)
        names = (f"flood-{number}" for number in range(MANY))
        flood = ((f"penumbra/frames/{n}", encode_frame(frame(camera=n, flow="newest"))) for n in names)
        await private.send_all(flood, Taker(setup.edge, "private", "penumbra/frames"))
        await counted(setup.edge, "penumbra_frames_dropped_total", "", "too-many-cameras", at_least=MANY / 2)
        named = set(re.findall(r'camera="(.*?)"', (await setup.edge.metrics()).text))
        assert len(named - {""}) <= 8, f"the metrics name {len(named)} cameras"


async def test_the_analyzer_refuses_what_is_no_features(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, _, cloud):
        good = encode_features(features())
        other = "penumbra/features/zyxwvutsrq765432zyxw"
        for reason, message in bad_messages(
            good, f"penumbra/features/{STREAM}", other, MAX_FEATURES_BYTES
        ).items():
            await cloud.send(*message)
            await refused(setup.analyzer, "penumbra/features", reason)
        await cloud.send("penumbra/features/front-door", good)
        await refused(setup.analyzer, "penumbra/features", "wrong-topic", at_least=2)


async def test_the_analyzer_says_why_it_does_not_answer(tmp_path: Path) -> None:
    length = manifest().region_bytes
    assert length is not None
    asked = {
        "unknown-bundle": features(0, bytes(length), bundle="0123456789abcdef"),
        "wrong-length": features(1, bytes(length + 1)),
        "wrong-kind": features(2, PICTURE, kind="picture"),
    }
    async with attacked(tmp_path) as (setup, _, cloud):
        for reason, question in asked.items():
            await cloud.send(f"penumbra/features/{STREAM}", encode_features(question))
            await counted(setup.analyzer, "penumbra_results_total", reason)
        # The edge is subscribed to all results, and these are of no camera of its own.
        await refused(setup.edge, "penumbra/results", "unexpected-result", at_least=len(asked))
        await cloud.send(f"penumbra/features/{STREAM}", encode_features(features(3, *[bytes(length)] * 200)))
        await counted(setup.analyzer, "penumbra_results_total", "answered")


async def test_the_edge_refuses_results_that_nobody_asked_for_or_that_do_not_fit(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, private, cloud):
        await cloud.send(f"penumbra/results/{STREAM}", encode_result(result_of(features())))
        await refused(setup.edge, "penumbra/results", "unexpected-result")
        good = encode_result(result_of(features()))
        for reason, message in bad_messages(
            good, f"penumbra/results/{STREAM}", "penumbra/results/zyxwvutsrq765432zyxw", 100_000
        ).items():
            await cloud.send(*message)
            await refused(setup.edge, "penumbra/results", reason)
        await setup.analyzer.stop()  # so that the stranger answers first
        pending = frame(run=new_run(), flow="newest")
        await private.send("penumbra/frames/front", encode_frame(pending))
        asked = await cloud.sees_features(pending.run)
        wrong = [
            result_of(asked, regions=(("woman", 0.9),) * (len(asked.regions) + 1)),
            result_of(asked, sent_ns=asked.sent_ns + 1),
            result_of(asked, captured_ns=asked.captured_ns + 1),
            result_of(asked, bundle="0123456789abcdef"),
        ]
        await cloud.send_all((f"penumbra/results/{asked.stream}", encode_result(each)) for each in wrong)
        await refused(setup.edge, "penumbra/results", "foreign-result", at_least=len(wrong))
        answer = await private.sees_answer(pending.run, 0)
        assert (answer.outcome, answer.reason) == ("refused", "cloud-timeout")
        setup.analyzer.start()
        await setup.ready()


async def test_nothing_grows_under_thousands_of_bad_messages(tmp_path: Path) -> None:
    good_frame, good_features = encode_frame(frame()), encode_features(features())
    private_messages = list(
        bad_messages(good_frame, "penumbra/frames/front", "penumbra/frames/back", 10_000).values()
    )
    cloud_messages = list(
        bad_messages(good_features, f"penumbra/features/{STREAM}", "penumbra/features/x", 10_000).values()
    )
    async with attacked(tmp_path) as (setup, private, cloud):
        edge = Taker(setup.edge, "private", "penumbra/frames")
        analyzer = Taker(setup.analyzer, "cloud", "penumbra/features")

        async def storm(rounds: int, run: int) -> None:
            for start in range(0, rounds, 15):
                lot = range(start, min(start + 15, rounds))
                frames = [frame(number, run=run, jpeg=b"no") for number in lot]
                asked = [features(n, bytes(64), bundle="0123456789abcdef", run=run) for n in lot]
                bad = [("penumbra/frames/front", encode_frame(each)) for each in frames]
                await private.send_all([*bad, *private_messages * len(lot)], edge)
                bad = [(f"penumbra/features/{STREAM}", encode_features(each)) for each in asked]
                await cloud.send_all([*bad, *cloud_messages * len(lot)], analyzer)
            await answers_a_good_frame(private)

        await storm(100, run=1)
        before = [node.resident_bytes() for node in (setup.edge, setup.analyzer)]
        await storm(MANY // 5, run=2)
        after = [node.resident_bytes() for node in (setup.edge, setup.analyzer)]
        grown = [late - early for early, late in zip(before, after, strict=True)]
        assert max(grown) < GROWTH, f"edge and analyzer grew by {grown} bytes"
        await refused(setup.edge, "penumbra/frames", "foreign-message", at_least=MANY / 5)
        await refused(setup.analyzer, "penumbra/features", "malformed", at_least=MANY / 5)


async def test_a_message_over_the_brokers_limit_ends_at_the_broker(tmp_path: Path) -> None:
    async with attacked(tmp_path) as (setup, _, _):
        async with stranger(setup.private) as giant:
            with pytest.raises(SessionLost):
                await giant.send("penumbra/frames/front", bytes(MAX_FRAME_BYTES + 2**20))
        metrics = await setup.edge.metrics()
        assert metrics["penumbra_received_messages_total", "private", "penumbra/frames"] == 0


async def test_a_replay_is_not_led_astray_by_false_answers(data_dir: Path, tmp_path: Path) -> None:
    clip = data_dir / "videos" / "intel_asl_5people" / "eat.mkv"
    async with attacked(tmp_path) as (setup, private, _), replaying(setup, clip) as replay:
        await replay.more_answers(3)
        run = replay.answers[0].run
        real = replay.answers[0]
        false = [
            b"garbage",
            b"{}",
            encode_answer(msgspec.structs.replace(real, run=run + 1, sequence=40)),
            encode_answer(msgspec.structs.replace(real, schema=99)),
            encode_answer(msgspec.structs.replace(real, camera="back")),
            encode_answer(msgspec.structs.replace(real, sequence=10**6)),
            encode_answer(real),
        ]
        await private.send_all(("penumbra/results/camera/front", data) for data in false)
        await assert_all_answered(replay, 47)
