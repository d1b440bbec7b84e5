"""Odd and ordinary media, made by ffmpeg from real clips."""

import subprocess
from pathlib import Path

from tests.servers import require_program

CAR = Path("videos/intel_car/car-detection.mp4")


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg; fails the test with what it says."""
    program = require_program("ffmpeg")
    done = subprocess.run(
        [program, "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def short_clip(source: Path, target: Path, *, seconds: float = 2.0) -> Path:
    """The first seconds of a clip as H.264 in the container that the target's suffix names."""
    ffmpeg("-i", source, "-t", str(seconds), "-an", "-c:v", "libx264", "-preset", "ultrafast", target)
    return target


def camera_clip(source: Path, target: Path) -> Path:
    """A clip as a network camera's bare H.264: 320x180, 15 pictures a second, a key picture each second."""
    ffmpeg(
        *("-i", source, "-t", "6", "-an", "-r", "15", "-vf", "scale=320:180"),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-tune",
            "zerolatency",
            "-g",
            "15",
            "-f",
            "h264",
            target,
        ),
    )
    return target
