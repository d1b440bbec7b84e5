"""Each part restarts or dies during a replay, or starts late: every frame is answered exactly once."""

import signal
from pathlib import Path

import pytest

from camera_node.settings import CameraSpec
from tests.servers import Server, until
from tests.system.nodes import Node
from tests.system.pipeline import Extractor, Setup, running_setup
from tests.system.replays import assert_all_answered, replaying
from tests.system.watching import watching

PARTS = ("private broker", "cloud broker", "redis", "edge", "analyzer")
SLOW = 60.0
"""Seconds for a link's longest pause between two attempts, and a busy host."""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def clip(data_dir: Path) -> Path:
    """275 frames of a stage and an audience, up to several faces each."""
    return data_dir / "videos" / "face_recognition_clip" / "short_hamilton_clip.mp4"


@pytest.fixture
def short_clip(data_dir: Path) -> Path:
    """47 frames of one person."""
    return data_dir / "videos" / "intel_asl_5people" / "eat.mkv"


async def stop(part: Node | Server, *, crash: bool) -> None:
    if crash:
        part.kill()
    else:
        await part.stop()


@pytest.mark.parametrize("extractor", ["bundle", "shade"])
@pytest.mark.parametrize("crash", [False, True], ids=["in order", "kill -9"])
async def test_every_part_restarts_during_a_replay(
    extractor: Extractor, crash: bool, clip: Path, tmp_path: Path
) -> None:
    async with running_setup(tmp_path, extractor) as setup, replaying(setup, clip) as replay:
        for name in PARTS:
            await replay.more_answers(10)
            await stop(setup.part(name), crash=crash)
            await setup.start(name)
        await replay.more_answers(10)
        summary = await assert_all_answered(replay, 275)
        assert summary.regions > 100 or extractor == "shade"
        await setup.ready()


async def test_both_brokers_vanish_at_once(short_clip: Path, tmp_path: Path) -> None:
    async with running_setup(tmp_path) as setup, replaying(setup, short_clip) as replay:
        await replay.more_answers(5)
        for name in ("private broker", "cloud broker"):
            setup.part(name).kill()
        for name in ("cloud broker", "private broker"):
            await setup.start(name)
        await assert_all_answered(replay, 47)
        await setup.ready()


async def test_brokers_that_hang_are_left_and_found_again(short_clip: Path, tmp_path: Path) -> None:
    async with running_setup(tmp_path) as setup, replaying(setup, short_clip) as replay:
        await replay.more_answers(5)
        sides = {"private": setup.private.server, "cloud": setup.cloud.server}
        for server in sides.values():
            server.pause()
        try:
            for side in sides:
                await link_is(setup, side, 0)
        finally:
            for server in sides.values():
                server.resume()
        for side in sides:
            await link_is(setup, side, 1)
        await assert_all_answered(replay, 47)


async def link_is(setup: Setup, side: str, up: int) -> None:
    async def found() -> bool:
        return (await setup.edge.metrics())["penumbra_link_up", side] == up

    await until(found, f"the edge's {side} link {'up' if up else 'down'}", SLOW)


ORDERS = {
    "camera first": ("camera", "private broker", "cloud broker", "redis", "edge", "analyzer"),
    "edge before the brokers": ("edge", "cloud broker", "camera", "private broker", "redis", "analyzer"),
    "analyzer first": ("analyzer", "redis", "camera", "edge", "private broker", "cloud broker"),
    "Redis last": ("private broker", "cloud broker", "edge", "analyzer", "camera", "redis"),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
async def test_any_order_of_starting(order: tuple[str, ...], short_clip: Path, tmp_path: Path) -> None:
    async with running_setup(tmp_path, start=False) as setup:
        camera = order.index("camera")
        for name in order[:camera]:
            await start_and_see_it_run(setup, name)
        async with replaying(setup, short_clip) as replay:
            for name in order[camera + 1 :]:
                await start_and_see_it_run(setup, name)
            await assert_all_answered(replay, 47)
            await setup.ready()


async def start_and_see_it_run(setup: Setup, name: str) -> None:
    await setup.start(name)
    part = setup.part(name)
    if isinstance(part, Node):
        await part.alive()


async def test_redis_is_missed_but_not_needed(short_clip: Path, tmp_path: Path) -> None:
    async with running_setup(tmp_path) as setup:
        await store_is(setup, "ok")
        setup.redis.kill()
        await store_is(setup, "degraded")
        async with replaying(setup, short_clip) as replay:
            await assert_all_answered(replay, 47)
        await setup.redis.start()
        await store_is(setup, "ok")
        async with replaying(setup, short_clip) as replay:
            await assert_all_answered(replay, 47)
        async with replaying(setup, short_clip) as replay:
            await assert_all_answered(replay, 47)
        assert (await setup.analyzer.metrics())["penumbra_cache_lookups_total", "hit"] > 0


async def store_is(setup: Setup, state: str) -> None:
    async def found() -> bool:
        report = await setup.analyzer.readiness()
        return bool(report) and report["checks"]["store"]["state"] == state

    await until(found, f"the store {state}", SLOW)


@pytest.mark.parametrize("crash", [False, True], ids=["in order", "kill -9"])
async def test_a_camera_that_goes_disturbs_no_other(crash: bool, tmp_path: Path) -> None:
    async with running_setup(tmp_path, cameras=("front", "back")) as setup, watching(setup) as watcher:
        front = setup.camera(CameraSpec(name="front", source="demo:", fps=5), name="camera-front")
        back = setup.camera(CameraSpec(name="back", source="demo:", fps=5), name="camera-back")
        front.start()
        back.start()
        first_run = (await watcher.sees("front", "running")).run
        back_run = (await watcher.sees("back", "running")).run
        await watcher.sees_more_answers("front")
        await stop(front, crash=crash)
        await watcher.sees("front", "offline")
        await watcher.sees_more_answers("back")
        front.start()
        assert (await watcher.sees("front", "running")).run != first_run
        await watcher.sees_more_answers("front")
        await watcher.sees_more_answers("back")
        assert {answer.run for answer in watcher.answers["back"]} == {back_run}
        assert set(watcher.states["back"]) <= {"not_started", "connecting", "running"}
        metrics = await setup.edge.metrics()
        assert metrics["penumbra_link_connects_total", "private"] == 1
        assert metrics["penumbra_link_connects_total", "cloud"] == 1
        await front.stop()
        assert await back.end(signal.SIGINT) == 0
        await watcher.sees("front", "offline")
        await watcher.sees("back", "offline")
        for node in (front, back):
            node.assert_no_traceback()


async def test_a_camera_killed_during_its_file_plays_it_again_from_the_start(
    short_clip: Path, tmp_path: Path
) -> None:
    async with running_setup(tmp_path) as setup, watching(setup) as watcher:
        camera = setup.camera(CameraSpec(name="front", source=str(short_clip), resend_after=1.0))
        camera.start()
        await watcher.sees_more_answers("front", 5)
        first_run = watcher.answers["front"][-1].run
        camera.kill()
        await watcher.sees("front", "offline")
        camera.start()
        await until(lambda: watcher.state("front") in ("ended", "running"), "the second round", SLOW)
        ended = await watcher.sees("front", "ended")
        assert ended.run != first_run
        assert (ended.frames_read, ended.dropped) == (47, {})
        answered = {a.sequence for a in watcher.answers["front"] if a.run == ended.run}
        assert answered == set(range(47))
        camera.assert_no_traceback()


async def test_brokers_restart_under_live_cameras(tmp_path: Path) -> None:
    async with running_setup(tmp_path) as setup, watching(setup) as watcher:
        camera = setup.camera(CameraSpec(name="front", source="demo:", fps=5))
        camera.start()
        run = (await watcher.sees("front", "running")).run
        for name in ("private broker", "cloud broker"):
            await watcher.sees_more_answers("front")
            setup.part(name).kill()
            await setup.start(name)
            await watcher.sees_more_answers("front")
        assert (await watcher.sees("front", "running")).run == run
        await camera.stop()
        camera.assert_no_traceback()
