"""Starts the tests' RTSP camera, `tests/rtsp_server.py`, on a clip."""

import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.servers import Server, free_port

SCRIPT = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"
PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


def require_rtsp() -> None:
    """Skip the test where GStreamer's RTSP server is absent."""
    try:
        found = subprocess.run([SYSTEM_PYTHON, "-c", PROBE], check=False, capture_output=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("no system Python")
    if found.returncode != 0:
        pytest.skip("GStreamer's RTSP server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)")


@asynccontextmanager
async def running_rtsp(clip: Path, *account: str) -> AsyncIterator[Server]:
    """An RTSP camera that plays bare H.264 in a loop at `rtsp://127.0.0.1:PORT/live`.

    Args:
        clip: Made by `tests.media.camera_clip`.
        *account: User and password to ask for; none to let anyone in.
    """
    require_rtsp()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="penumbra-rtsp-") as directory:
        command = [SYSTEM_PYTHON, str(SCRIPT), str(clip), str(port), *account]
        server = Server("RTSP camera", command, Path(directory), port)
        try:
            await server.start()
            yield server
        finally:
            server.kill()
