"""Home Assistant beside the whole real set-up: devices, answers of a real clip, restarts and removals.

Home Assistant's own schemas accept these devices (checked by hand with the one of 2025.1); here it is played
by a client under its account, which renders the templates as it does.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, final

import pytest
from jsonschema import Draft202012Validator

from broker.acl import Account
from broker.home_messages import Birth
from broker.home_topics import birth
from broker.mqtt import MqttSession, MqttTransport
from broker.schemas import schema
from broker.topic import Role
from broker.transport import Incoming
from camera_node.settings import CameraSpec
from feature_node.elsewhere.settings import WebhookSettings
from tests.servers import until
from tests.system.command import ran
from tests.system.pipeline import Setup, running_setup
from tests.system.receiver import receiving
from tests.unit.feature_node.elsewhere.test_home_device import rendered

ONE_FACE = Path("videos/intel_asl_5people/again.mkv")
EDGE = "homeassistant/device/penumbra-edge-edge/config"
FRONT, YARD = (f"homeassistant/device/penumbra-camera-{name}/config" for name in ("front", "yard"))
STATE = "penumbra/home/front"
SLOW = 60.0

pytestmark = pytest.mark.timeout(240)


@final
class HomeAssistant:
    """What a real one would know: the last message of every topic that it may read, and how many came."""

    def __init__(self) -> None:
        self.last: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}
        self.session: MqttSession | None = None

    def take(self, incoming: Incoming) -> None:
        self.last[incoming.path] = incoming.data
        self.counts[incoming.path] = self.counts.get(incoming.path, 0) + 1
        incoming.acknowledge()

    async def born(self) -> None:
        """Say that it has started."""
        assert self.session is not None
        topic = birth()
        await self.session.publish(topic.pattern, topic.encode(Birth(online=True)), qos=1, retain=False)

    async def knows(self, *paths: str) -> None:
        await until(lambda: all(self.last.get(path) for path in paths), f"all of {paths}", SLOW)

    def device(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.last[path])
        return found

    def shows(self, path: str, key: str) -> str:
        """What it shows of a part of a device now; empty while nothing was said."""
        part = self.device(path)["cmps"][key]
        said = self.last.get(part["state_topic"])
        return rendered(part["value_template"], json.loads(said)) if said else ""

    def available(self, path: str, key: str) -> bool:
        part = self.device(path)["cmps"][key]
        return all(
            each["topic"] in self.last
            and rendered(each["value_template"], json.loads(self.last[each["topic"]])) == "online"
            for each in part.get("availability", ())
        )


@asynccontextmanager
async def home_assistant(setup: Setup) -> AsyncIterator[HomeAssistant]:
    """Under its account, which asks for everything and gets what it may read."""
    found = HomeAssistant()
    address = setup.private.address(Account(Role.HOME_ASSISTANT, "main").username)
    session = await MqttTransport(address, "home-assistant", 16).connect(None, found.take)
    found.session = session
    try:
        await session.subscribe("#", group=None, qos=1)
        yield found
    finally:
        await session.close()


async def test_a_real_clip_shows_in_home_assistant_whatever_restarts(data_dir: Path, tmp_path: Path) -> None:
    clip = CameraSpec(name="front", source=str(data_dir / ONE_FACE), loop=True, fps=5, pace="realtime")
    async with (
        receiving() as receiver,
        running_setup(
            tmp_path,
            cameras=("front", "yard"),
            home_assistant=True,
            edge={"webhook": WebhookSettings(url=receiver.url(), labels=("man", "woman"))},
        ) as setup,
    ):
        camera = setup.camera(clip)
        async with home_assistant(setup) as home:
            await home.knows(EDGE, FRONT, YARD)
            assert home.shows(EDGE, "status") == "ON"
            camera.start()
            await until(lambda: home.shows(FRONT, "answer") in ("man", "woman"), "an answer", SLOW)
            await until(lambda: home.available(FRONT, "answer"), "it is available", SLOW)
            assert 50 <= float(home.shows(FRONT, "confidence")) <= 100
            await until(lambda: float(home.shows(FRONT, "frames")) > 0, "frames a second", SLOW)
            assert home.shows(FRONT, "status") == "ON"
            everything_keeps_its_schema(home)
            await until(lambda: len(receiver.posts) > 0, "the webhook hears of somebody", SLOW)
            Draft202012Validator(schema("answers")).validate(json.loads(receiver.posts[0].body))
            await what_a_shell_sees_keeps_its_schema(setup, tmp_path)
            assert not any("frames" in path or "results" in path for path in home.last)
            before = home.counts[FRONT]
            await home.born()
            await until(lambda: home.counts[FRONT] > before, "the device again", SLOW)
            await camera.stop()
            await until(lambda: home.shows(FRONT, "status") == "OFF", "the camera is off", SLOW)
            assert not home.available(FRONT, "answer")
        await setup.private.server.restart()  # it keeps nothing on disk
        async with home_assistant(setup) as home:
            await home.knows(EDGE, FRONT, YARD, STATE)
            # Devices are announced over a link of their own: the edge's, whose will it is, may be later back.
            await until(lambda: home.shows(EDGE, "status") == "ON", "the edge is back", SLOW)
            setup.edge.kill()
            await until(lambda: home.shows(EDGE, "status") == "OFF", "the edge is off", SLOW)


async def what_a_shell_sees_keeps_its_schema(setup: Setup, folder: Path) -> None:
    viewer = setup.private.address(Account(Role.VIEWER, "viewer").username)
    at = ("--broker", f"mqtt://{viewer.username}@{viewer.host}:{viewer.port}")
    at = (*at, "--password-file", str(viewer.password_file))
    status, watch = await ran(folder, "watch", "--json", "--status", "--count", "5", *at)
    assert (status, watch.err) == (0, "")
    lines = [json.loads(line) for line in watch.out.splitlines()]
    assert sum(line["kind"] == "answer" for line in lines) == 5
    for line in lines:
        name = "answers" if line.pop("kind") == "answer" else "status"
        Draft202012Validator(schema(name)).validate(line)


def everything_keeps_its_schema(home: HomeAssistant) -> None:
    states = {path: data for path, data in home.last.items() if path.startswith("penumbra/")}
    assert any(path.startswith("penumbra/status/camera/") for path in states)
    for path, data in states.items():
        name = "home" if path.startswith("penumbra/home/") else "status"
        Draft202012Validator(schema(name)).validate(json.loads(data))


async def test_a_camera_that_is_gone_goes_and_a_command_takes_the_rest(tmp_path: Path) -> None:
    async with running_setup(tmp_path, cameras=("front", "yard"), home_assistant=True) as setup:
        async with home_assistant(setup) as home:
            await home.knows(EDGE, FRONT, YARD)
            await setup.edge.stop()
            name_cameras(setup, tmp_path, "front")
            setup.edge.start()
            await until(lambda: home.last.get(YARD) == b"", "the yard is taken away", SLOW)
            await until(lambda: home.counts[FRONT] >= 2, "the front is announced again", SLOW)
            await setup.edge.stop()
            status, command = await ran(
                tmp_path, "home-assistant", "remove", "-c", pipeline_file(setup, tmp_path)
            )
            assert status == 0, command.err
            assert command.out.splitlines() == ["Taken away: camera front", "Taken away: edge edge"]
            await until(lambda: home.last[FRONT] == home.last[EDGE] == b"", "all are taken away", SLOW)
        async with home_assistant(setup) as home:  # nothing is kept for the next one
            await until(lambda: "penumbra/status/edge" in home.last, "what the broker keeps", SLOW)
            assert not any("device" in path for path in home.last)


def name_cameras(setup: Setup, folder: Path, *cameras: str) -> None:
    """Give the edge other settings for its next start, as an edited pipeline file would."""
    file = folder / "edge.settings.json"
    settings = json.loads(file.read_bytes())
    settings["home_assistant"]["cameras"] = cameras
    file.write_text(json.dumps(settings))


def pipeline_file(setup: Setup, folder: Path) -> Path:
    address = setup.private.address(Account(Role.ANNOUNCER, "edge").username)
    file = folder / "pipeline.yaml"
    file.write_text(
        f"private: {{broker: {{address: 'mqtt://{address.host}:{address.port}', accounts: "
        f"{address.password_file.parent if address.password_file else ''}}}}}\n"
        f"edge: {{key_file: {folder / 'pseudonym.key'}}}\n"
    )
    return file
