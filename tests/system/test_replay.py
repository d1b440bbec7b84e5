"""`penumbra replay` for real, on short real clips: every frame answered, nothing else on stdout."""

import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import Server, require_program, running_mosquitto, until
from tests.system.command import PATIENCE, Command, all_gone, penumbra, ran

CLIP = "intel_asl_5people/no.mkv"
CLIP_FRAMES = 66
LONG_CLIP = "face_recognition_clip/short_hamilton_clip.mp4"
LONG_CLIP_FRAMES = 275

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def servers() -> None:
    require_program("mosquitto")
    require_program("redis-server")


@pytest.fixture
def clip(data_dir: Path) -> Path:
    return data_dir / "videos" / CLIP


@pytest.fixture
def long_clip(data_dir: Path) -> Path:
    return data_dir / "videos" / LONG_CLIP


def only_json(command: Command) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command.out)
    return found


async def test_every_frame_is_answered_and_stdout_holds_one_object(tmp_path: Path, clip: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    async with penumbra(tmp_path, "replay", clip, "--json", "--out", answers) as replay:
        await replay.said("replaying")
        started = replay.everything()
        assert await replay.ended() == 0
    found = only_json(replay)
    assert found["frames_read"] == found["frames_processed"] == CLIP_FRAMES
    assert found["frames_dropped"] == {}
    assert found["results_received"] == found["features_sent"]
    assert 0 < found["bytes_cloud"] < found["bytes_as_jpeg"] < found["bytes_private"]
    seconds = found["latency_seconds"]
    assert 0 < seconds["p50"] <= seconds["p95"] <= seconds["p99"] < found["wall_seconds"]
    for hop in ("camera_to_edge", "edge_queue", "edge_compute", "cloud_round_trip", "analyzer"):
        assert seconds["by_hop"][hop]["p50"] <= seconds["by_hop"][hop]["p99"]
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    assert sorted(line["sequence"] for line in lines) == list(range(CLIP_FRAMES))
    assert {line["camera"] for line in lines} == {"no"}
    await all_gone(started)


async def test_ctrl_c_stops_reading_and_still_answers_what_was_read(tmp_path: Path, long_clip: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    async with penumbra(tmp_path, "replay", long_clip, "--json", "--out", answers) as replay:
        await until(lambda: _size(answers) > 0, "the first answers", PATIENCE)
        replay.send(signal.SIGINT)
        assert await replay.ended() == 0
    found = only_json(replay)
    assert 0 < found["frames_read"] < LONG_CLIP_FRAMES
    assert found["frames_processed"] == found["frames_read"] == len(answers.read_text().splitlines())
    assert "Traceback" not in replay.err


async def test_a_damaged_file_is_told_and_the_others_go_on(tmp_path: Path, clip: Path) -> None:
    empty, noise = tmp_path / "empty.mp4", tmp_path / "Noise 1.mp4"
    empty.touch()
    noise.write_bytes(os.urandom(10_000))
    status, replay = await ran(tmp_path, "replay", empty, noise, tmp_path / "none.mp4", clip, "--json")
    assert status == 1
    found = only_json(replay)
    assert found["frames_processed"] == CLIP_FRAMES
    assert [file["camera"] for file in found["files"]] == ["empty", "noise-1", "none", "no"]
    assert ["error" in file for file in found["files"]] == [True, True, True, False]
    for name in ("empty.mp4", "Noise 1.mp4", "none.mp4"):
        assert f"{name}" in replay.err
    assert "Traceback" not in replay.err


async def test_people_get_a_summary(tmp_path: Path, clip: Path) -> None:
    status, replay = await ran(tmp_path, "replay", clip, "--fps", "5", "--size", "320x240")
    assert status == 0
    assert replay.out.startswith(f" read {CLIP_FRAMES} · answered ")
    assert "dropped" not in replay.out


@pytest.mark.parametrize("module", ["feature_node", "analyzer_node"])
async def test_a_part_killed_on_the_way_costs_no_frame(tmp_path: Path, long_clip: Path, module: str) -> None:
    answers = tmp_path / "answers.jsonl"
    options = ("--json", "--size", "320x180", "--out", answers)
    async with penumbra(tmp_path, "replay", long_clip, *options) as replay:
        await until(lambda: _size(answers) > 0, "the first answers", PATIENCE)
        os.kill(replay.part(module).pid, signal.SIGKILL)
        assert await replay.ended() == 0
    found = only_json(replay)
    assert found["frames_read"] == found["frames_processed"] == LONG_CLIP_FRAMES
    sequences = [json.loads(line)["sequence"] for line in answers.read_text().splitlines()]
    assert sorted(sequences) == list(range(LONG_CLIP_FRAMES))
    assert "crashed: killed by SIGKILL" in replay.err


@pytest.fixture
async def two_brokers() -> AsyncIterator[tuple[Server, Server]]:
    async with running_mosquitto() as private, running_mosquitto() as cloud:
        yield private, cloud


async def test_single_nodes_and_a_replay_meet_over_brokers_that_run_elsewhere(
    tmp_path: Path, clip: Path, two_brokers: tuple[Server, Server]
) -> None:
    private, cloud = two_brokers
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        f"private: {{broker: 'mqtt://127.0.0.1:{private.port}'}}\n"
        f"cloud: {{broker: 'mqtt://127.0.0.1:{cloud.port}'}}\n"
        "edge: {detection_size: 320x192}\n"
    )
    async with (
        penumbra(tmp_path, "edge", "-c", path) as edge,
        penumbra(tmp_path, "analyzer", "-c", path, "--log-format", "json") as analyzer,
    ):
        await edge.said("edge node starts")
        await analyzer.said("analyzer starts")
        status, replay = await ran(tmp_path, "replay", clip, "-c", path, "--json", "--camera", "hall")
        assert status == 0, replay.err
        found = only_json(replay)
        assert found["frames_read"] == found["frames_processed"] == CLIP_FRAMES
        assert found["files"][0]["camera"] == "hall"
        for node in (edge, analyzer):
            node.send(signal.SIGTERM)
            assert await node.ended() == 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
