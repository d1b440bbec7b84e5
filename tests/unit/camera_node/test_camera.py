"""One camera: opened, watched, opened again after a pause, failed only where trying again is of no use."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import repeat

import msgspec
import pytest

from broker.address import BrokerAddress
from broker.answers import Answer
from broker.frames import Frame
from broker.memory import MemoryBroker
from broker.presence import Presence
from broker.private_topics import CAMERA_STATUS, decode_camera_status
from broker.status import CameraStatus
from broker.topic import Private
from camera_node.board import StatusBoard
from camera_node.camera import Camera
from camera_node.errors import BadOption, BadSource, CameraError, MissingExtra, SourceFailed, SourceTimeout
from camera_node.memory_source import MemorySource
from camera_node.node import failures, run_cameras
from camera_node.settings import CameraSettings, CameraSpec
from tests.unit.camera_node.twins import answer, camera_and_edge, pictures

LIVE = CameraSpec(name="yard", source="rtsp://viewer:s3cret@192.0.2.7/live")
FILE = CameraSpec(name="yard", source="clip.mp4", resend_after=0.1)


class Frames:
    """A publisher that takes everything and tells of it."""

    def __init__(self) -> None:
        self.taken: list[Frame] = []
        self.news = asyncio.Event()

    async def send(self, message: Frame, /) -> int:
        self.taken.append(message)
        self.news.set()
        return 1

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.taken) < count:
                self.news.clear()
                await self.news.wait()


class Opener:
    """Gives one source after another, each a source or the error that opening raises."""

    def __init__(self, *attempts: MemorySource | CameraError | Exception) -> None:
        self.attempts = list(attempts)
        self.tried = 0
        self.news = asyncio.Event()

    async def reached(self, count: int) -> None:
        while self.tried < count:
            self.news.clear()
            await self.news.wait()

    def __call__(self, _: CameraSpec) -> MemorySource:
        self.tried += 1
        self.news.set()
        attempt = self.attempts[min(self.tried, len(self.attempts)) - 1]
        if isinstance(attempt, Exception):
            raise attempt
        return attempt


def at_once() -> Iterator[float]:
    return repeat(0.0)


def camera(
    spec: CameraSpec, opener: Callable[[CameraSpec], MemorySource]
) -> tuple[Camera, StatusBoard, Frames]:
    board, frames = StatusBoard(spec), Frames()
    return Camera(spec, board, frames, None, open_source=opener, delays=at_once), board, frames


async def test_a_live_source_is_opened_again_and_each_time_is_a_run_of_its_own() -> None:
    sources = [MemorySource(pictures(4), SourceFailed("broke off")) for _ in range(3)]
    opener = Opener(SourceFailed("does not open"), *sources, SourceTimeout("gave no picture"))
    unit, board, frames = camera(LIVE, opener)
    task = asyncio.create_task(unit.run())
    await frames.reach(3)
    async with asyncio.timeout(5):
        await opener.reached(6)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len({frame.run for frame in frames.taken}) == 3
    assert all(source.closed == 1 for source in sources)
    assert board.state == "connecting"
    assert "gave no picture" in board.now().detail


@pytest.mark.parametrize("error", [BadOption("zone outside"), MissingExtra("not installed")])
async def test_what_no_attempt_can_mend_fails_for_good(error: CameraError) -> None:
    unit, board, _ = camera(LIVE, Opener(error))
    await asyncio.wait_for(unit.run(), 5)
    assert board.state == "failed"
    assert board.now().detail == str(error)


@pytest.mark.parametrize("error", [BadSource("no such file"), SourceFailed("holds no picture")])
async def test_a_file_that_cannot_be_read_fails_at_once(error: CameraError) -> None:
    opener = Opener(error)
    unit, board, _ = camera(FILE, opener)
    await asyncio.wait_for(unit.run(), 5)
    assert (board.state, opener.tried) == ("failed", 1)


async def test_a_fault_of_our_own_stays_within_its_camera() -> None:
    opener = Opener(ValueError("rtsp://viewer:s3cret@192.0.2.7/live is odd"), MissingExtra("stop here"))
    unit, board, _ = camera(LIVE, opener)
    await asyncio.wait_for(unit.run(), 5)
    assert opener.tried == 2
    assert "s3cret" not in board.now().detail


async def test_pictures_of_another_size_are_refused_where_zones_were_drawn() -> None:
    zoned = msgspec.structs.replace(LIVE, privacy_zones=(((0, 0), (9, 0), (9, 9)),))
    large = [msgspec.structs.replace(one, width=640, height=480) for one in pictures(2)]
    opener = Opener(
        MemorySource(pictures(2), SourceFailed("broke off")),
        second := MemorySource(large),
        MissingExtra("stop here"),
    )
    unit, board, frames = camera(zoned, opener)
    await asyncio.wait_for(unit.run(), 5)
    assert second.opened == second.closed == 1
    assert {frame.width for frame in frames.taken} <= {64}
    assert board.state == "failed"


async def test_a_file_goes_through_the_whole_node_in_memory() -> None:
    broker: MemoryBroker[Private] = MemoryBroker(Private)

    def judge(frame: Frame, _: int) -> Answer:
        return answer(frame)

    async with camera_and_edge(judge, broker) as (frames, home, edge):
        board = StatusBoard(FILE)
        unit = Camera(FILE, board, frames, home, open_source=lambda _: MemorySource(pictures(12)))
        await asyncio.wait_for(unit.run(), 10)
    assert board.state == "ended"
    assert [frame.sequence for frame in edge.frames] == list(range(12))
    assert (board.now().frames_read, board.now().frames_sent) == (12, 12)


def said(broker: MemoryBroker[Private]) -> list[CameraStatus]:
    path = CAMERA_STATUS.path("yard")
    return [decode_camera_status(data) for topic, data in broker.published if topic == path]


async def test_a_node_says_how_its_camera_is_and_leaves_a_failure_standing() -> None:
    broker: MemoryBroker[Private] = MemoryBroker(Private)
    spec = CameraSpec(name="yard", source="/nowhere/clip.mp4")
    board = StatusBoard(spec)
    presence = Presence(CAMERA_STATUS, board.offline(), board.now, farewell=board.farewell)
    link = broker.connection(presence=presence)
    settings = CameraSettings(cameras=(spec,), broker=BrokerAddress(host="127.0.0.1", port=1))
    await asyncio.wait_for(run_cameras(settings, {"yard": board}, {"yard": link}), 30)
    assert board.state == "failed"
    assert failures({"yard": board}) == "camera yard: " + board.now().detail
    assert said(broker)[-1].state == "failed"
    assert "no such file" in said(broker)[-1].detail


def test_a_camera_that_was_running_is_offline_when_its_node_leaves() -> None:
    board = StatusBoard(LIVE)
    board.opened()
    board.picture(changed=True)
    assert board.now().state == "running"
    assert board.check().state == "ok"
    assert board.farewell().state == "offline"
    board.connecting("refused")
    assert board.check().state == "degraded"


def test_a_status_names_the_kind_of_source_and_never_its_address() -> None:
    board = StatusBoard(LIVE)
    status = board.now()
    assert status.source == "rtsp"
    assert "192.0.2.7" not in repr(status)
