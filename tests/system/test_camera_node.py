"""The camera node as a process, between real cameras and a real broker."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import psutil
import pytest

from broker.address import BrokerAddress
from broker.frames import Frame
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, CAMERA_STATUS, FRAMES
from broker.status import CameraStatus
from broker.topic import Private
from camera_node.settings import CameraSettings, CameraSpec, encode_settings
from tests.http_camera import http_camera
from tests.media import CAR, camera_clip, short_clip
from tests.rtsp import running_rtsp
from tests.servers import Server, free_port, until
from tests.unit.camera_node.twins import answer


@pytest.fixture(scope="module")
def clip(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return short_clip(data_dir / CAR, tmp_path_factory.mktemp("clip") / "cars.mp4")


@pytest.fixture(scope="module")
def looped(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return camera_clip(data_dir / CAR, tmp_path_factory.mktemp("looped") / "cars.h264")


class House:
    """What the private side sees: frames, statuses, and an edge that may answer."""

    def __init__(self, link: Link[Private], *, answering: bool = True) -> None:
        self.frames: list[Frame] = []
        self.statuses: list[CameraStatus] = []
        self.answering = answering
        self._link = link
        self._frames = link.subscriber(FRAMES, capacity=256)
        self._statuses = link.subscriber(CAMERA_STATUS, capacity=256)

    async def take_frames(self) -> None:
        answers = self._link.publisher(ANSWERS)
        async for delivery in self._frames:
            delivery.done()
            self.frames.append(delivery.message)
            if self.answering:
                await answers.send(answer(delivery.message))

    async def take_statuses(self) -> None:
        async for delivery in self._statuses:
            delivery.done()
            self.statuses.append(delivery.message)

    def of(self, camera: str) -> list[Frame]:
        return [frame for frame in self.frames if frame.camera == camera]

    def state(self, camera: str) -> str:
        return next((s.state for s in reversed(self.statuses) if s.camera == camera), "")

    def states(self, camera: str) -> list[str]:
        """The states that the camera went through, each once in a row."""
        seen = [status.state for status in self.statuses if status.camera == camera]
        return [state for state, before in zip(seen, ["", *seen], strict=False) if state != before]

    def last(self, camera: str) -> CameraStatus:
        return next(status for status in reversed(self.statuses) if status.camera == camera)


@asynccontextmanager
async def house(broker: Server, *, answering: bool = True) -> AsyncIterator[House]:
    address = BrokerAddress(host=broker.host, port=broker.port)
    link = mqtt_link(Private, address, client_id="house")
    seen = House(link, answering=answering)
    async with link:
        await link.wait_connected(10)
        tasks = [asyncio.create_task(seen.take_frames()), asyncio.create_task(seen.take_statuses())]
        try:
            yield seen
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def settings(broker: Server, *cameras: CameraSpec, metrics: str = "") -> CameraSettings:
    return CameraSettings(
        cameras=cameras,
        broker=BrokerAddress(host=broker.host, port=broker.port),
        metrics_address=metrics,
        log_format="json",
    )


@asynccontextmanager
async def running_node(told: CameraSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "camera_node"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(encode_settings(told))
    process.stdin.close()
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def leave(process: asyncio.subprocess.Process, number: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(number)
    return await asyncio.wait_for(process.wait(), 15)


def children(process: asyncio.subprocess.Process) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]


async def test_a_file_is_replayed_to_its_last_answer_and_stays_ended(mosquitto: Server, clip: Path) -> None:
    async with house(mosquitto) as seen:
        async with running_node(settings(mosquitto, CameraSpec(name="yard", source=str(clip)))) as node:
            assert await asyncio.wait_for(node.wait(), 30) == 0
        await until(lambda: seen.state("yard") == "ended", "the status says that it ended")
        assert sorted({frame.sequence for frame in seen.frames}) == list(range(25))
        assert len({frame.run for frame in seen.frames}) == 1
        assert {frame.flow for frame in seen.frames} == {"wait"}
        assert seen.last("yard").frames_read == seen.last("yard").frames_sent == 25
        assert "not_started" not in seen.states("yard")[1:]


async def test_a_broker_that_restarts_during_a_replay_costs_no_frame(mosquitto: Server, clip: Path) -> None:
    spec = CameraSpec(name="yard", source=str(clip), fps=12.5, pace="realtime", resend_after=0.5)
    async with house(mosquitto) as seen, running_node(settings(mosquitto, spec)) as node:
        await until(lambda: len(seen.frames) >= 5, "the replay is on its way")
        await mosquitto.restart()
        assert await asyncio.wait_for(node.wait(), 60) == 0
        assert sorted({frame.sequence for frame in seen.frames}) == list(range(25))


async def test_an_edge_that_comes_late_gets_every_frame(mosquitto: Server, clip: Path) -> None:
    spec = CameraSpec(name="yard", source=str(clip), resend_after=0.3, window=4)
    async with house(mosquitto, answering=False) as seen, running_node(settings(mosquitto, spec)) as node:
        await until(lambda: len({f.sequence for f in seen.frames}) == 4, "the window is full")
        seen.answering = True
        assert await asyncio.wait_for(node.wait(), 60) == 0
        assert sorted({frame.sequence for frame in seen.frames}) == list(range(25))
        again = [frame for frame in seen.frames if frame.sequence == 0]
        assert len(again) > 1
        assert len(set(again)) == 1


async def test_a_network_camera_that_goes_and_comes_back(mosquitto: Server, looped: Path) -> None:
    async with running_rtsp(looped, "viewer", "s3cret") as camera, house(mosquitto) as seen:
        spec = CameraSpec(
            name="door",
            source=f"rtsp://viewer:s3cret@127.0.0.1:{camera.port}/live",
            stall_after=1.0,
            read_timeout=3.0,
        )
        async with running_node(settings(mosquitto, spec)) as node:
            await until(lambda: seen.state("door") == "running" and len(seen.frames) > 10, "it runs", 30)
            first_run = seen.frames[-1].run
            camera.kill()
            await until(lambda: seen.state("door") in ("stalled", "connecting"), "its loss is noticed", 30)
            await camera.start()
            await until(lambda: seen.state("door") == "running", "it runs again", 40)
            await until(lambda: seen.frames[-1].run != first_run, "a new run sends frames", 10)
            assert await leave(node) == 0
        await until(lambda: seen.state("door") == "offline", "it says good-bye")
        assert "s3cret" not in repr(seen.statuses)
        assert {frame.flow for frame in seen.frames} == {"newest"}


async def test_a_camera_that_falls_silent_is_stalled_then_opened_again(
    mosquitto: Server, looped: Path
) -> None:
    async with running_rtsp(looped) as camera, house(mosquitto) as seen:
        spec = CameraSpec(
            name="door",
            source=f"rtsp://127.0.0.1:{camera.port}/live",
            stall_after=0.7,
            read_timeout=2.0,
        )
        async with running_node(settings(mosquitto, spec)) as node:
            await until(lambda: seen.state("door") == "running", "it runs", 30)
            camera.pause()
            try:
                await until(lambda: seen.state("door") == "stalled", "it counts as stalled", 10)
                await until(lambda: seen.state("door") == "connecting", "it is opened again", 20)
            finally:
                camera.resume()
            await until(lambda: seen.state("door") == "running", "it runs again", 60)
            assert await leave(node, signal.SIGINT) == 0


async def test_a_camera_that_shows_one_picture_for_ever_is_frozen(mosquitto: Server, clip: Path) -> None:
    capture = cv2.VideoCapture(str(clip))
    moving = [cv2.imencode(".jpg", capture.read()[1])[1].tobytes() for _ in range(20)]
    capture.release()
    shown = moving[:]
    with http_camera(shown) as (port, _):
        spec = CameraSpec(
            name="hall", source=f"http://viewer:s3cret@127.0.0.1:{port}/video", frozen_after=1.5, fps=10
        )
        async with house(mosquitto) as seen, running_node(settings(mosquitto, spec)) as node:
            await until(lambda: seen.state("hall") == "running" and len(seen.frames) > 10, "it runs", 30)
            shown[:] = moving[:1]
            await until(lambda: seen.state("hall") == "frozen", "it counts as frozen", 20)
            shown[:] = moving
            await until(lambda: seen.state("hall") == "running", "it runs again", 20)
            assert await leave(node) == 0


async def test_one_cameras_trouble_is_its_own(mosquitto: Server, clip: Path) -> None:
    specs = (
        CameraSpec(name="demo", source="demo:", fps=10, size=(160, 120)),
        CameraSpec(name="gone", source=f"rtsp://127.0.0.1:{free_port()}/live"),
        CameraSpec(name="lost", source="/nowhere/clip.mp4"),
        CameraSpec(name="file", source=str(clip), fps=5),
    )
    async with house(mosquitto) as seen, running_node(settings(mosquitto, *specs)) as node:
        await until(lambda: seen.state("file") == "ended", "the file ends", 30)
        await until(lambda: seen.state("lost") == "failed", "the missing file fails")
        await until(lambda: seen.state("gone") == "connecting", "the absent camera is tried")
        await until(lambda: seen.state("demo") == "running", "the demo runs", 30)
        assert "no such file" in seen.last("lost").detail
        before = len(seen.of("demo"))
        victim = next(
            child
            for child in psutil.Process(node.pid).children()
            if "camera_node.capture" in " ".join(child.cmdline())
        )
        victim.kill()  # of the demo, or of the absent camera: whichever, the demo goes on
        await until(lambda: len(seen.of("demo")) > before + 10, "the demo still runs", 40)
        assert await leave(node) == 0


async def test_a_killed_node_is_offline_by_its_will_and_leaves_no_capture(mosquitto: Server) -> None:
    spec = CameraSpec(name="demo", source="demo:", size=(160, 120))
    async with house(mosquitto) as seen, running_node(settings(mosquitto, spec)) as node:
        await until(lambda: seen.state("demo") == "running", "the demo runs", 30)
        captures = children(node)
        assert captures
        node.kill()
        await until(lambda: seen.state("demo") == "offline", "the broker says that it is gone", 30)
        await until(lambda: not any(map(psutil.pid_exists, captures)), "its captures are gone")


async def test_the_status_is_said_again_after_the_broker_restarts(mosquitto: Server) -> None:
    spec = CameraSpec(name="demo", source="demo:", size=(160, 120))
    async with house(mosquitto) as seen, running_node(settings(mosquitto, spec)) as node:
        await until(lambda: seen.state("demo") == "running", "the demo runs", 30)
        await mosquitto.restart()  # it keeps nothing
        count = len(seen.statuses)
        await until(lambda: len(seen.statuses) > count, "a status comes without being asked for", 40)
        assert seen.state("demo") == "running"
        assert await leave(node) == 0


async def test_metrics_and_health_are_served(mosquitto: Server) -> None:
    port = free_port()
    spec = CameraSpec(name="demo", source="demo:", size=(160, 120))
    told = settings(mosquitto, spec, metrics=f"127.0.0.1:{port}")
    async with house(mosquitto) as seen, running_node(told) as node:
        await until(lambda: seen.state("demo") == "running", "the demo runs", 30)
        base = f"http://127.0.0.1:{port}"
        ready = json.loads(await asyncio.to_thread(fetch, f"{base}/readyz"))
        assert ready["ready"] is True
        assert ready["checks"]["camera demo"]["state"] == "ok"
        text = await asyncio.to_thread(fetch, f"{base}/metrics")
        assert 'penumbra_source_up{camera="demo"} 1.0' in text
        assert 'penumbra_frames_read_total{camera="demo"}' in text
        assert await leave(node) == 0


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own server
        return str(response.read().decode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda told: told | {"cameras": []}, "0 cameras"),
        (lambda told: told | {"colour": "red"}, "colour"),
        (lambda told: told | {"cameras": [{"name": "Yard!", "source": "demo:"}]}, "Yard!"),
        (
            lambda told: told | {"cameras": [{"name": "yard", "source": "demo:", "quality": 0}]},
            "quality is 0",
        ),
        (lambda told: told | {"metrics_address": "nowhere"}, "metrics cannot be served"),
    ],
)
async def test_bad_settings_are_one_clear_line(
    change: Callable[[dict[str, object]], dict[str, object]], words: str
) -> None:
    told = {"cameras": [{"name": "yard", "source": "demo:"}], "broker": {"host": "127.0.0.1", "port": 1}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "camera_node"),
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    _, said = await asyncio.wait_for(process.communicate(json.dumps(change(told)).encode()), 30)
    assert process.returncode == 2
    assert words in said.decode()
    assert "Traceback" not in said.decode()
