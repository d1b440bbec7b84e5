"""The feed: free while nobody watches, bounded while somebody does, and never in a frame's way."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import final

import pytest

from broker.gate import Draft
from broker.memory import MemoryBroker
from broker.private_topics import CAMERA_STATUS
from broker.status import BudgetWindow, CameraStatus, NodeStatus
from broker.topic import Cloud, Private
from feature_node.live.feed import MOST_CAMERAS, LiveFeed
from feature_node.live.parts import Parts
from feature_node.live.reflection import Left, Reflector
from feature_node.live.tap import NO_TAP, shown_to
from feature_node.telling import Telling
from feature_node.way import Released
from monitoring.live.view import SiteView
from monitoring.metrics import LIVE_FRAMES_SKIPPED
from tests.servers import until
from tests.unit.feature_node import fakes
from tests.unit.feature_node.live.test_showing import answer
from tests.unit.models import mirrored


def released(camera: str = "yard") -> Released:
    from broker.features import Protection  # noqa: PLC0415
    from broker.gate import ReleaseContract, ReleaseGate  # noqa: PLC0415

    gate = ReleaseGate(
        ReleaseContract(kind="embedding", bundle=fakes.BUNDLE, mechanism="clip+int8", region_bytes=4)
    )
    draft = Draft(
        stream="abcdefghij234567abcd", run=7, sequence=0, captured_ns=1, sent_ns=2, bundle=fakes.BUNDLE,
        kind="embedding", regions=(bytes(4),), protection=Protection("clip+int8"),
    )  # fmt: skip
    return Released(gate.seal(draft), fakes.BUNDLE, 2, ((8, 8, 16, 16),), draft.protection, False)


@final
class House:
    """A feed between two brokers in memory."""

    def __init__(self, bundle: Path) -> None:
        self.private, self.cloud = MemoryBroker(Private), MemoryBroker(Cloud)
        self.budgets: dict[str, dict[str, BudgetWindow]] = {}
        self.opened = 0
        self.parts = Parts(self.status, self.private.connection(), self.cloud.connection())
        self.feed = LiveFeed(
            SiteView(name="home"),
            Reflector(bundle, faces=True),
            self.parts,
            budgets=lambda: self.budgets,
            statuses=self.link,
        )

    def status(self) -> NodeStatus:
        return NodeStatus(node="edge", role="edge", state="online")

    def link(self):
        self.opened += 1
        return self.private.connection()

    async def shown(self, camera: str = "yard") -> None:
        await until(
            lambda: any(v.camera == camera and v.picture_version for v in self.feed.cameras()), "pictures"
        )


@asynccontextmanager
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(mirrored.bundle(tmp_path / "tiny"))
    running = asyncio.create_task(made.feed.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_while_somebody_watches_pictures_and_answers_are_there(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        feed = made.feed
        with feed.open():
            assert feed.watched
            feed.left(fakes.frame(3), released())
            feed.answered(answer(3, "cat"))
            await made.shown()
            (view,) = feed.cameras()
            assert (view.sequence, view.regions[0].label, view.mirror) == (3, "cat", True)
            pair = await feed.pictures("yard")
            assert pair is not None
            assert pair.version == view.picture_version
            assert pair.cloud is not None
            assert await feed.pictures("elsewhere") is None


async def test_when_the_last_watcher_has_gone_nothing_is_kept(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        feed = made.feed
        with feed.open(), feed.open():
            feed.left(fakes.frame(), released())
            await made.shown()
        assert not feed.watched
        await until(lambda: not feed.cameras(), "forgotten")
        assert await feed.pictures("yard") is None
        with feed.open():
            feed.left(fakes.frame(), released())
            await made.shown()
            assert feed.cameras()[0].picture_version == 2


async def test_no_link_is_opened_and_nothing_drawn_before_somebody_watches(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        await asyncio.sleep(0)
        assert made.opened == 0
        with made.feed.open():
            await until(lambda: made.opened == 1, "a link")


async def test_a_camera_tells_how_it_is_and_a_killed_one_shows(tmp_path: Path) -> None:
    async with house(tmp_path) as made, made.private.connection() as camera:
        await camera.wait_connected(5)
        statuses = camera.publisher(CAMERA_STATUS)
        await statuses.send(CameraStatus(camera="yard", state="running"))
        with made.feed.open():
            await until(lambda: bool(made.feed.cameras()), "the camera's word")
            assert made.feed.cameras()[0].state == "running"
            await statuses.send(CameraStatus(camera="yard", state="offline"))
            await until(lambda: made.feed.cameras()[0].state == "gone", "its end")


async def test_of_frames_that_come_faster_than_they_are_drawn_the_newest_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as made:
        feed = made.feed
        before = LIVE_FRAMES_SKIPPED.labels("superseded")._value.get()
        with feed.open():
            for sequence in range(20):
                feed.left(fakes.frame(sequence), released())
            await made.shown()
            assert feed.cameras()[0].sequence == 19
        assert LIVE_FRAMES_SKIPPED.labels("superseded")._value.get() == before + 19


async def test_cameras_are_bounded_and_those_beyond_counted(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        before = LIVE_FRAMES_SKIPPED.labels("too-many-cameras")._value.get()
        with made.feed.open():
            for number in range(MOST_CAMERAS + 2):
                made.feed.answered(answer(camera=f"c{number}"))
            assert len(made.feed.cameras()) == MOST_CAMERAS
        assert LIVE_FRAMES_SKIPPED.labels("too-many-cameras")._value.get() == before + 2


async def test_a_frame_that_cannot_be_drawn_is_counted_and_the_next_one_is_drawn(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        feed = made.feed
        before = LIVE_FRAMES_SKIPPED.labels("not-drawn")._value.get()
        with feed.open():
            feed.left(fakes.frame(0, jpeg=b"\xff\xd8 broken"), released())
            await until(
                lambda: LIVE_FRAMES_SKIPPED.labels("not-drawn")._value.get() == before + 1, "its count"
            )
            feed.left(fakes.frame(1), released())
            await made.shown()


async def test_changes_are_told_at_once_and_their_absence_after_a_while(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        feed = made.feed
        with feed.open():
            await feed.changed(0.001)
            waiting = asyncio.create_task(feed.changed(60))
            await asyncio.sleep(0)
            feed.answered(answer())
            await asyncio.wait_for(waiting, 20)


async def test_a_slow_drawing_does_not_hold_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, go_on = threading.Event(), threading.Event()
    reflect: Callable[[Reflector, Left], object] = Reflector.reflect

    def slow(self: Reflector, left: Left) -> object:
        drawing.set()
        go_on.wait(20)
        return reflect(self, left)

    monkeypatch.setattr(Reflector, "reflect", slow)
    async with house(tmp_path) as made:
        with made.feed.open():
            made.feed.left(fakes.frame(), released())
            await asyncio.to_thread(drawing.wait, 20)
            made.feed.left(fakes.frame(1), released())
            made.feed.answered(answer())
            assert made.feed.cameras()[0].frames_per_second > 0
            go_on.set()
            await made.shown()


async def test_a_page_that_is_closed_and_opened_while_a_frame_is_drawn_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go_on = threading.Event(), threading.Event()
    reflect: Callable[[Reflector, Left], object] = Reflector.reflect

    def slow(self: Reflector, left: Left) -> object:
        drawing.set()
        go_on.wait(20)
        return reflect(self, left)

    monkeypatch.setattr(Reflector, "reflect", slow)
    async with house(tmp_path) as made:
        with made.feed.open():
            for camera in ("hall", "yard"):
                made.feed.left(fakes.frame(camera=camera), released())
            await asyncio.to_thread(drawing.wait, 20)
        with made.feed.open():
            go_on.set()
            await asyncio.sleep(0)
            made.feed.left(fakes.frame(5), released())
            await made.shown()
            assert made.feed.cameras()[0].sequence == 5


async def test_the_parts_are_the_edge_its_brokers_and_what_answers(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        states = {part.name: part.state for part in made.feed.parts()}
        assert states == {
            "edge": "ok",
            "private broker": "failed",
            "cloud broker": "failed",
            "analyzers": "starting",
        }
        made.feed.answered(answer())
        assert made.feed.parts()[-1].state == "ok"
        made.feed.answered(answer(outcome="refused", reason="budget-spent"))
        assert made.feed.parts()[-1].state == "ok"
        made.feed.answered(answer(outcome="refused", reason="cloud-timeout"))
        assert (made.feed.parts()[-1].state, made.feed.parts()[-1].detail) == ("failed", "cloud timeout")


async def test_what_the_analyzers_do_is_unknown_again_once_nobody_looks(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        with made.feed.open():
            made.feed.answered(answer())
            await until(lambda: made.feed.parts()[-1].state == "ok", "an answer")
        await until(lambda: made.feed.parts()[-1].state == "starting", "forgotten")


async def test_a_camera_shows_what_it_has_spent(tmp_path: Path) -> None:
    async with house(tmp_path) as made:
        made.budgets = {"yard": {"hour": BudgetWindow(spent=3, limit=10)}}
        with made.feed.open():
            made.feed.answered(answer())
            assert (made.feed.cameras()[0].spent, made.feed.cameras()[0].budget) == (3, 10)


async def test_answers_pass_whether_or_not_somebody_looks_on() -> None:
    sent = []

    @final
    class Sink:
        async def send(self, message: object, /) -> int:
            sent.append(message)
            return 1

    assert await Telling(Sink(), shown_to(NO_TAP)).send(answer()) == 1
    assert len(sent) == 1
