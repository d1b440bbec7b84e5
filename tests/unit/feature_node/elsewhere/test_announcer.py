"""When Home Assistant is told what, over a broker in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, final

import pytest
from prometheus_client import REGISTRY

from broker.answers import AnswerRegion
from broker.errors import Undelivered
from broker.home_messages import Birth
from broker.home_topics import HOME_STATES, birth, discovery
from broker.memory import MemoryBroker
from broker.topic import Private
from feature_node.elsewhere.announced import Announced
from feature_node.elsewhere.announcer import Announcer
from tests.servers import until
from tests.unit.broker.messages import an_answer

EDGE = "homeassistant/device/penumbra-edge-edge/config"


def config(camera: str) -> str:
    return f"homeassistant/device/penumbra-camera-{camera}/config"


def state(camera: str) -> str:
    return f"penumbra/home/{camera}"


@final
class Home:
    """The broker, the announcer, and Home Assistant."""

    def __init__(self, broker: MemoryBroker[Private], announcer: Announcer, births: Any) -> None:
        self.broker = broker
        self.announcer = announcer
        self.births = births

    def said(self, path: str) -> list[Any]:
        """Everything that was published there; None for a removal."""
        return [json.loads(data) if data else None for at, data in self.broker.published if at == path]

    async def says(self, path: str, count: int) -> list[Any]:
        await until(lambda: len(self.said(path)) >= count, f"{count} on {path}")
        return self.said(path)

    def see(self, *labels: str, camera: str = "front", score: float = 0.9) -> None:
        regions = tuple(AnswerRegion((0, 0, 9, 9), label, score) for label in labels)
        self.announcer.take(an_answer(camera=camera, regions=regions))


@asynccontextmanager
async def home(folder: Path, *cameras: str, pause: float = 0.0) -> AsyncIterator[Home]:
    broker = MemoryBroker(Private)
    link, assistant = broker.connection(), broker.connection()
    births = link.subscriber(birth(), capacity=4)
    announcer = Announcer(
        link.publisher(discovery()),
        link.publisher(HOME_STATES),
        Announced(folder / "announced.json"),
        cameras=cameras,
        node="edge",
        version="1.2",
        pause=pause,
    )
    async with link, assistant, asyncio.TaskGroup() as tasks:
        await link.wait_connected(5)
        await assistant.wait_connected(5)
        running = [tasks.create_task(announcer.run()), tasks.create_task(announcer.listen(births))]
        announcer.tell_again()  # as its link does on every connect
        yield Home(broker, announcer, assistant.publisher(birth()))
        for task in running:
            task.cancel()


async def test_every_camera_is_a_device_and_the_edge_too(tmp_path: Path) -> None:
    async with home(tmp_path, "front", "yard") as found:
        for path in (EDGE, config("front"), config("yard")):
            (device,) = await found.says(path, 1)
            assert device["dev"]["identifiers"] == [path.split("/")[2]]


async def test_the_newest_answer_wins_and_an_equal_one_is_not_sent(tmp_path: Path) -> None:
    before = REGISTRY.get_sample_value("penumbra_home_assistant_dropped_total", {"reason": "newer"}) or 0
    async with home(tmp_path, "front", pause=0.05) as found:
        found.see("man")
        found.see("woman")
        found.see("man", "woman")
        (first,) = await found.says(state("front"), 1)
        assert first["labels"] == {"man": 1, "woman": 1}
        found.see("man", "woman", score=0.9001)
        found.see("man")
        assert [each["labels"] for each in await found.says(state("front"), 2)][1] == {"man": 1}
    after = REGISTRY.get_sample_value("penumbra_home_assistant_dropped_total", {"reason": "newer"}) or 0
    assert after == before + 2


async def test_everything_is_said_again_when_home_assistant_starts(tmp_path: Path) -> None:
    async with home(tmp_path, "front") as found:
        await found.says(config("front"), 1)
        found.see("man")
        await found.says(state("front"), 1)
        await found.births.send(Birth(online=False))
        await found.births.send(Birth(online=True))
        await found.says(config("front"), 2)
        first, again = await found.says(state("front"), 2)
        assert first == again
        assert len(found.said(config("front"))) == 2  # going offline is no reason


async def test_a_camera_that_is_gone_from_the_pipeline_is_taken_away(tmp_path: Path) -> None:
    async with home(tmp_path, "front", "yard") as found:
        await found.says(config("yard"), 1)
    async with home(tmp_path, "front") as found:
        assert await found.says(config("yard"), 1) == [None]
        assert (state("yard"), b"") in found.broker.published
        await found.says(config("front"), 1)
    async with home(tmp_path, "front") as found:
        await found.says(config("front"), 1)
        assert found.said(config("yard")) == []


async def test_where_no_camera_is_named_each_comes_with_its_first_answer_and_stays(tmp_path: Path) -> None:
    async with home(tmp_path) as found:
        await found.says(EDGE, 1)
        assert found.said(config("front")) == []
        found.see("man")
        await found.says(config("front"), 1)
        paths = [path for path, _ in found.broker.published]
        await found.says(state("front"), 1)
        assert config("front") in paths
    async with home(tmp_path) as found:
        (device,) = await found.says(config("front"), 1)
        assert device is not None


async def test_what_a_broker_does_not_take_is_told_later(tmp_path: Path) -> None:
    sent: list[Any] = []

    @final
    class Failing:
        """Takes nothing the first times."""

        def __init__(self, times: int) -> None:
            self.left = times

        async def send(self, message: Any, /) -> int:
            await asyncio.sleep(0)
            if self.left:
                self.left -= 1
                raise Undelivered("the broker took no message for 10 s")
            sent.append(message)
            return 1

    announcer = Announcer(
        Failing(1), Failing(2), Announced(tmp_path / "a"), cameras=["front"], node="e", version="1", pause=0.0
    )
    running = asyncio.create_task(announcer.run())
    announcer.take(an_answer(camera="front"))
    await until(lambda: len(sent) == 3 and not announcer.trouble, "edge, camera and answer")
    assert [type(message).__name__ for message in sent] == ["Discovery", "Discovery", "HomeState"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_record_that_cannot_be_written_does_not_end_the_edge(tmp_path: Path) -> None:
    async with home(tmp_path / "folder") as found:
        (tmp_path / "folder").write_text("in the way")
        found.see("man")
        await until(lambda: "cannot be written" in found.announcer.trouble, "the trouble is said")
        (tmp_path / "folder").unlink()
        await found.says(state("front"), 1)
        await until(lambda: not found.announcer.trouble, "it is over")
