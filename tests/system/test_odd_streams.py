"""Odd files through the command that users type: what decodes is answered, the rest is said clearly.

All go through one run, so that one broken file is also seen not to harm the next.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.media import ffmpeg
from tests.servers import require_program, until

RUN_WITHIN = 240
PICTURES = "testsrc2=size=160x120:rate=10:duration=3"
"""30 pictures."""

Maker = Callable[[Path], None]


def plain(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-c:v", "libx264", "-g", "5", path)


def variable_rate(path: Path) -> None:
    choose = "select='lt(n,10)+not(mod(n,4))'"
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-vf", choose, "-vsync", "vfr", "-c:v", "libx264", path)


def rotated(path: Path) -> None:
    upright = path.with_name("upright.mp4")
    plain(upright)
    ffmpeg("-i", upright, "-c", "copy", "-metadata:s:v:0", "rotate=90", path)
    upright.unlink()


def corrupt(path: Path) -> None:
    plain(path)
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    middle = start + (data.index(b"moov") - start) // 2
    data[middle : middle + 600] = bytes(600)
    path.write_bytes(data)


def truncated(path: Path) -> None:
    whole = path.with_name(f"whole{path.suffix}")
    plain(whole)
    data = whole.read_bytes()
    whole.unlink()
    path.write_bytes(data[: len(data) * 6 // 10])


def changing_size(path: Path) -> None:
    parts = []
    for size in ("160x120", "320x240"):
        part = path.with_name(f"{size}.ts")
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=1", "-c:v", "libx264", part)
        parts.append(part.read_bytes())
        part.unlink()
    path.write_bytes(b"".join(parts))


def without_pictures(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-frames:v", "0", "-c:v", "mjpeg", path)


def huge(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=size=9000x64:duration=0.2", "-c:v", "mjpeg", path)


def large(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=4096x2160:rate=2:duration=1", "-c:v", "mjpeg", path)


def tiny(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=16x16:rate=5:duration=1", "-c:v", "ffv1", path)


def sound_alone(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)


def with_sound(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=3", "-f", "lavfi", "-i", PICTURES, path)


def grey_of_ten_bits(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-pix_fmt", "gray10le", "-c:v", "ffv1", path)


def with_alpha(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-pix_fmt", "argb", "-c:v", "qtrle", path)


def matroska(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-c:v", "libx264", "-f", "matroska", path)


def animation(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURES, "-f", "gif", path)


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("This is no video.\n" * 100)


def list_of_elsewhere(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/elsewhere.ts\n#EXT-X-ENDLIST\n")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder_without_images(path: Path) -> None:
    path.mkdir()
    (path / "notes.txt").write_text("none here")


def folder_of_images(path: Path) -> None:
    path.mkdir()
    ffmpeg("-f", "lavfi", "-i", "testsrc2=rate=5:duration=1", path / "shot-%d.jpg")
    (path / "shot-3.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")


def missing(path: Path) -> None:
    del path


ANSWERED: dict[str, tuple[Maker, int]] = {
    "plain.mp4": (plain, 30),
    "variable-rate.mp4": (variable_rate, 15),
    "rotated.mp4": (rotated, 30),
    "changing-size.ts": (changing_size, 20),
    "large.avi": (large, 2),
    "tiny.mkv": (tiny, 5),
    "sound-too.mp4": (with_sound, 30),
    "ten-bits.mkv": (grey_of_ten_bits, 30),
    "alpha.mov": (with_alpha, 30),
    "really-matroska.mp4": (matroska, 30),
    "no-suffix-at-all": (matroska, 30),
    "animation.gif": (animation, 30),
    "grüße aus %03d [süden] & more.mp4": (plain, 30),
}
"""Files of which every picture is answered, and how many those are."""

DAMAGED: dict[str, tuple[Maker, int, int]] = {
    "corrupt.mp4": (corrupt, 15, 30),
    "truncated.mkv": (truncated, 10, 29),
    "images": (folder_of_images, 4, 4),
}
"""Files of which what decodes is answered: at least and at most so many pictures."""

REFUSED: dict[str, tuple[Maker, str]] = {
    "truncated.mp4": (truncated, "holds no video that can be read"),
    "no-pictures.avi": (without_pictures, "holds no"),
    "huge.avi": (huge, "has pictures of 9000x64 pixels"),
    "sound.m4a": (sound_alone, "audio only?"),
    "empty.mp4": (empty, "is empty (0 bytes)"),
    "text.mp4": (text, "holds no video that can be read"),
    "elsewhere.m3u8": (list_of_elsewhere, "holds no video that can be read"),
    "pipe.mp4": (fifo, "is neither a file nor a folder"),
    "notes": (folder_without_images, "holds no images"),
    "missing.mp4": (missing, "there is no such file"),
}
"""Files of which nothing is answered, and a part of what is said instead."""

pytestmark = pytest.mark.timeout(RUN_WITHIN + 60)


def replay_command(*arguments: object, within: float = RUN_WITHIN) -> subprocess.CompletedProcess[str]:
    """Run `penumbra replay` as a user does; never longer than `within` seconds."""
    for program in ("mosquitto", "redis-server", "ffmpeg"):
        require_program(program)
    command = [sys.executable, "-m", "penumbra", "replay", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=within, check=False)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on stdout."""
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        pytest.fail(f"stdout is no JSON object: {done.stdout[:500]}\n{done.stderr[-3000:]}")
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `penumbra replay --json` says of all odd files in one run."""
    require_program("ffmpeg")
    folder = tmp_path_factory.mktemp("odd")
    makers = {name: made[0] for table in (ANSWERED, DAMAGED, REFUSED) for name, made in table.items()}
    for name, make in makers.items():
        make(folder / name)
    names = sorted(makers)  # answered, damaged and refused ones mixed
    done = replay_command(*(folder / name for name in names), "--json")
    assert done.returncode == 1
    shutil.rmtree(folder)
    found = report_of(done)
    assert [file["file"] for file in found["files"]] == names
    return {**found, "stderr": done.stderr}


def file_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(file for file in report["files"] if file["file"] == name)


@pytest.mark.parametrize("name", ANSWERED)
def test_every_picture_is_answered(report: dict[str, Any], name: str) -> None:
    file, frames = file_of(report, name), ANSWERED[name][1]
    assert "error" not in file
    assert file["frames_dropped"] == {}
    assert file["frames_read"] == file["frames_processed"] == file["results_received"] == frames


@pytest.mark.parametrize("name", DAMAGED)
def test_what_decodes_is_answered_and_the_rest_is_counted(report: dict[str, Any], name: str) -> None:
    file, (_, least, most) = file_of(report, name), DAMAGED[name]
    assert file["frames_read"] == file["frames_processed"] == file["results_received"]
    assert least <= file["frames_read"] <= most
    assert set(file["frames_dropped"]) <= {"undecodable"}
    assert file["frames_dropped"] or file["frames_read"] == most


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_picture_is_an_error_that_says_so(report: dict[str, Any], name: str) -> None:
    file = file_of(report, name)
    assert name in file["error"]
    assert REFUSED[name][1] in file["error"]
    assert file.get("frames_processed", 0) == 0
    assert name in report["stderr"]


def test_the_totals_are_those_of_the_files(report: dict[str, Any]) -> None:
    for number in ("frames_read", "frames_processed", "features_sent", "results_received"):
        assert report[number] == sum(file.get(number, 0) for file in report["files"])


async def test_ctrl_c_ends_a_replay_with_what_was_answered(tmp_path: Path) -> None:
    require_program("ffmpeg")
    long, out, said = tmp_path / "long.mkv", tmp_path / "answers.jsonl", tmp_path / "said"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=120", "-c:v", "mjpeg", long)
    command = [sys.executable, "-m", "penumbra", "replay", long, "--json", "--out", out]
    with said.open("w") as stderr, (tmp_path / "stdout").open("w") as stdout:
        process = await asyncio.create_subprocess_exec(*command, stdout=stdout, stderr=stderr)
    try:
        await until(
            lambda: process.returncode is not None or (out.exists() and out.stat().st_size > 0), "answers", 90
        )
        assert process.returncode is None, said.read_text()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "Traceback" not in said.read_text()
    assert status == 0, said.read_text()
    found = json.loads((tmp_path / "stdout").read_text())
    assert 0 < found["frames_processed"] < 3000
    assert found["frames_read"] == found["frames_processed"] == len(out.read_text().splitlines())
