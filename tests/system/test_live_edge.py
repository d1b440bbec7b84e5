"""The live page of a real edge: real brokers with production rights, a real camera, a plain HTTP client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from broker.address import BrokerAddress
from camera_node.settings import CameraSpec
from feature_node.live.settings import LiveSettings
from monitoring.live.pump import State
from monitoring.live.view import CameraView
from tests.servers import LOOPBACK, free_port, require_program, until
from tests.system.command import PATIENCE, penumbra
from tests.system.pipeline import running_setup

SIZE = (320, 240)

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def servers() -> None:
    require_program("mosquitto")
    require_program("redis-server")


async def asked(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    """Ask for a path; the answer's body is left to read."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=2**22)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head.split(b"\r\n")[0].decode()


async def picture(port: int, view: CameraView, side: str) -> np.ndarray:
    reader, writer, status = await asked(port, f"/picture/{view.camera}/{side}/{view.picture_version}")
    assert " 200 " in status
    body = await reader.read()
    writer.close()
    return cv2.imdecode(np.frombuffer(body[body.index(b"\xff\xd8") :], np.uint8), cv2.IMREAD_COLOR)


async def serves(port: int) -> bool:
    try:
        _, writer, status = await asked(port, "/")
    except OSError:
        return False
    writer.close()
    return " 200 " in status


@asynccontextmanager
async def watching(port: int) -> AsyncIterator[Callable[[Callable[[State], bool]], Awaitable[State]]]:
    """Watch the page once it is there; gives what waits for a state that holds."""
    await until(lambda: serves(port), "the page", PATIENCE)
    reader, writer, status = await asked(port, "/events")
    assert " 200 " in status

    async def until_state(holds: Callable[[State], bool]) -> State:
        async with asyncio.timeout(PATIENCE):
            while True:
                line = await reader.readline()
                assert line, "the page ended the stream"
                if line.startswith(b"data: "):
                    state = msgspec.json.decode(line[6:], type=State)
                    if holds(state):
                        return state

    try:
        yield until_state
    finally:
        writer.close()


def camera(state: State) -> CameraView | None:
    return next((view for view in state.cameras if view.camera == "front"), None)


async def test_what_the_house_and_the_cloud_see_and_that_a_killed_camera_shows(tmp_path: Path) -> None:
    port = free_port()
    live = {"live": LiveSettings(listen=f"{LOOPBACK}:{port}")}
    spec = CameraSpec(
        name="front", source="demo:", fps=8.0, size=SIZE, broker=BrokerAddress(host=LOOPBACK, port=1)
    )
    async with running_setup(tmp_path, edge=live) as setup:
        front = setup.camera(spec)
        front.start()
        async with watching(port) as until_state:

            def answered(state: State) -> bool:
                view = camera(state)
                return bool(view and view.picture_version and view.regions and view.regions[0].label)

            state = await until_state(answered)
            view = camera(state)
            assert view is not None
            assert (view.state, view.sends, view.mirror, view.mirror_why) == ("running", "numbers", True, "")
            assert len(view.regions[0].numbers) == view.regions[0].count == 8
            assert view.regions[0].label in ("man", "woman")
            assert view.ssim is not None
            assert 0 < view.bytes_sent < view.bytes_as_jpeg
            house, cloud = [await picture(port, view, side) for side in ("house", "cloud")]
            assert house.shape == cloud.shape == (SIZE[1], SIZE[0], 3)
            assert np.abs(house.astype(int) - cloud).mean() > 10
            assert {part.name: part.state for part in state.parts} == {
                "edge": "ok",
                "private broker": "ok",
                "cloud broker": "ok",
                "analyzers": "ok",
            }
            first = view.picture_version
            await until_state(lambda s: (v := camera(s)) is not None and v.picture_version > first)
            front.kill()
            gone = await until_state(lambda s: (v := camera(s)) is not None and v.state == "gone")
            assert camera(gone)
        metrics = await setup.edge.metrics()
        assert metrics["penumbra_answers_total", "front", "answered"] > 0


async def test_up_prints_where_to_look_and_a_page_is_there(tmp_path: Path) -> None:
    async with penumbra(tmp_path, "up", "--size", "320x240", "--fps", "8") as up:
        await up.said("See what the cloud could see: http://127.0.0.1:")
        line = next(line for line in up.out.splitlines() if "See what" in line)
        port = int(line.rpartition(":")[2])
        await up.said("demo: ")
        async with watching(port) as until_state:
            state = await until_state(lambda s: any(view.picture_version for view in s.cameras))
            assert state.site.bundle == "gender-ours"


async def test_up_serves_none_where_the_file_says_so(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("private: {cameras: {demo: {source: 'demo:', size: 320x240}}}\nedge: {live: false}\n")
    async with penumbra(tmp_path, "up", "-c", file, "--seconds", "1") as up:
        assert await up.ended() == 0
    assert "See what" not in up.out
