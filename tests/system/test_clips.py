"""Every real clip through the command, and live cameras through everything: what goes in is answered."""

import asyncio
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from broker.answers import decode_answer
from camera_node.settings import CameraSpec
from tests.media import CAR, camera_clip
from tests.rtsp import require_rtsp, running_rtsp
from tests.servers import require_program
from tests.system.pipeline import running_setup
from tests.system.test_odd_streams import replay_command, report_of
from tests.system.watching import watching

CLIPS_WITHIN = 420
OLDEST = 30.0
"""Seconds that an answer may be old on any host, however busy: a queue that grows would pass this soon."""
CONFIG = """\
edge: {detection_size: 320x320}
"""


def clips(data_dir: Path) -> list[Path]:
    return sorted(
        clip for suffix in ("mp4", "mkv", "avi") for clip in (data_dir / "videos").glob(f"*/*.{suffix}")
    )


def pictures_in(clip: Path) -> int:
    """How many pictures ffmpeg decodes."""
    count = ["-count_frames", "-select_streams", "v:0", "-show_entries", "stream=nb_read_frames"]
    command = [require_program("ffprobe"), "-v", "error", *count, "-of", "csv=p=0", str(clip)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


@pytest.mark.timeout(CLIPS_WITHIN + 120)
def test_every_frame_of_every_clip_is_answered(data_dir: Path, tmp_path: Path) -> None:
    files = clips(data_dir)
    assert len(files) >= 15
    config, out = tmp_path / "pipeline.yaml", tmp_path / "answers.jsonl"
    config.write_text(CONFIG)
    done = replay_command(*files, "--config", config, "--json", "--out", out, within=CLIPS_WITHIN)
    assert done.returncode == 0, done.stderr[-3000:]
    report = report_of(done)
    expected = {clip.name: pictures_in(clip) for clip in files}
    assert {file["file"]: file["frames_read"] for file in report["files"]} == expected
    for file in [report, *report["files"]]:
        assert file["frames_dropped"] == {}
        assert file["frames_read"] == file["frames_processed"] == file["results_received"]
        assert file["frames_read"] == file["features_sent"]
        assert 0 < file["bytes_cloud"] < file["bytes_as_jpeg"]
    check_answers(report, out)


def check_answers(report: dict[str, Any], out: Path) -> None:
    """The answers that were written are those that were counted, and speak of faces where there are some."""
    answers = [decode_answer(line) for line in out.read_bytes().splitlines()]
    assert len(answers) == len({(a.camera, a.run, a.sequence) for a in answers}) == report["frames_read"]
    assert {answer.outcome for answer in answers} == {"answered"}
    regions = {file["file"]: file["regions"] for file in report["files"]}
    assert sum(len(answer.regions) for answer in answers) == sum(regions.values())
    with_faces = [name for name in regions if name.endswith(".mkv")]
    assert all(regions[name] > 0 for name in with_faces)
    assert {region.label for answer in answers for region in answer.regions} == {"man", "woman"}


@pytest.mark.timeout(CLIPS_WITHIN)
def test_every_frame_is_answered_from_its_shaded_picture(data_dir: Path, tmp_path: Path) -> None:
    clip, out = data_dir / "videos" / "intel_asl_5people" / "eat.mkv", tmp_path / "answers.jsonl"
    done = replay_command(clip, "--extractor", "shade", "--json", "--out", out)
    assert done.returncode == 0, done.stderr[-3000:]
    report = report_of(done)
    assert report["frames_dropped"] == {}
    assert report["frames_read"] == report["frames_processed"] == report["results_received"] == 47
    answers = [decode_answer(line) for line in out.read_bytes().splitlines()]
    assert {len(answer.regions) for answer in answers} == {1}  # a picture is asked about as a whole
    assert {answer.outcome for answer in answers} == {"answered"}


@pytest.mark.timeout(180)
async def test_an_rtsp_camera_and_the_demo_are_answered_live(data_dir: Path, tmp_path: Path) -> None:
    require_rtsp()
    clip = await asyncio.to_thread(camera_clip, data_dir / CAR, tmp_path / "camera.h264")
    async with (
        running_rtsp(clip) as rtsp,
        running_setup(tmp_path, cameras=("gate", "demo")) as setup,
        watching(setup) as watcher,
    ):
        camera = setup.camera(
            CameraSpec(name="gate", source=f"rtsp://127.0.0.1:{rtsp.port}/live", fps=5),
            CameraSpec(name="demo", source="demo:", fps=5),
        )
        camera.start()
        for name in ("gate", "demo"):
            await watcher.sees(name, "running")
            await watcher.sees_more_answers(name, 25)
            answers = watcher.answers[name]
            assert [a.sequence for a in answers] == sorted(a.sequence for a in answers)
            assert max(answer.age_seconds for answer in answers) < OLDEST
            assert len({answer.run for answer in answers}) == 1
        assert any(answer.regions for answer in watcher.answers["demo"]), "the demo shows a face"
        assert await camera.end(signal.SIGINT) == 0
        await watcher.sees("gate", "offline")
        await watcher.sees("demo", "offline")
        camera.assert_no_traceback()
        for node in (setup.edge, setup.analyzer):
            assert await node.end(signal.SIGINT) == 0


@pytest.mark.timeout(180)
async def test_an_rtsp_camera_that_goes_and_comes_back_is_followed_again(
    data_dir: Path, tmp_path: Path
) -> None:
    require_rtsp()
    clip = await asyncio.to_thread(camera_clip, data_dir / CAR, tmp_path / "camera.h264")
    async with (
        running_rtsp(clip) as rtsp,
        running_setup(tmp_path, cameras=("gate", "demo")) as setup,
        watching(setup) as watcher,
    ):
        gate = CameraSpec(
            name="gate", source=f"rtsp://127.0.0.1:{rtsp.port}/live", fps=5, read_timeout=3, stall_after=2
        )
        camera = setup.camera(gate, CameraSpec(name="demo", source="demo:", fps=5))
        camera.start()
        await watcher.sees("gate", "running")
        await watcher.sees_more_answers("gate")
        rtsp.kill()
        await watcher.sees("gate", "stalled", "failed", "connecting")
        await watcher.sees_more_answers("demo")
        await rtsp.start()
        await watcher.sees("gate", "running")
        await watcher.sees_more_answers("gate")
        assert watcher.status["demo"].state == "running"
        await camera.stop()
        camera.assert_no_traceback()
