"""`penumbra watch` as another program uses it: one JSON object a line, at once, and a quiet end."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from broker.address import BrokerAddress
from broker.answers import encode_answer
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, CAMERA_STATUS, NODE_STATUS
from broker.topic import Private
from tests.servers import Server, free_port
from tests.system.command import Command, environment, penumbra, ran
from tests.unit.broker.messages import a_camera_status, a_node_status, an_answer


def place(server: Server) -> str:
    return f"mqtt://{server.host}:{server.port}"


@asynccontextmanager
async def pipeline(server: Server) -> AsyncIterator[Link[Private]]:
    """What publishes answers and statuses; both statuses are kept by the broker."""
    link = mqtt_link(Private, BrokerAddress(host=server.host, port=server.port), client_id="pipeline")
    async with link:
        await link.wait_connected(10)
        await link.publisher(CAMERA_STATUS).send(a_camera_status(camera="front", fps=15.0))
        await link.publisher(CAMERA_STATUS).send(a_camera_status(camera="yard", detail="no picture yet"))
        await link.publisher(NODE_STATUS).send(a_node_status())
        yield link


async def answer(link: Link[Private], watch: Command, camera: str, sequence: int) -> None:
    """Publish again and again until it is printed: who watches may not have subscribed yet."""
    mark = f'"sequence":{sequence},'
    while mark not in watch.out:
        assert not watch.err, watch.err
        await link.publisher(ANSWERS).send(an_answer(camera=camera, sequence=sequence))
        await asyncio.sleep(0.05)


async def test_each_answer_is_a_line_at_once_as_it_was_published(mosquitto: Server, tmp_path: Path) -> None:
    async with (
        pipeline(mosquitto) as link,
        penumbra(tmp_path, "watch", "--json", "--broker", place(mosquitto)) as watch,
    ):
        await answer(link, watch, "front", 1)
        await answer(link, watch, "yard", 2)
        watch.send(signal.SIGINT)
        assert await watch.ended() == 0
        assert watch.err == ""
    lines = watch.out.splitlines()
    assert set(lines) == {
        encode_answer(an_answer(camera="front", sequence=1)).decode(),
        encode_answer(an_answer(camera="yard", sequence=2)).decode(),
    }


async def test_statuses_say_what_they_are_and_a_camera_can_be_chosen(
    mosquitto: Server, tmp_path: Path
) -> None:
    at = ("--broker", place(mosquitto))
    async with pipeline(mosquitto) as link:
        async with penumbra(tmp_path, "watch", "--json", "--status", *at) as watch:
            await watch.said('"node":"edge"')
            await watch.said('"camera":"yard"')
            await answer(link, watch, "front", 1)
            watch.send(signal.SIGTERM)
            assert await watch.ended() == 0
        found = [json.loads(line) for line in watch.out.splitlines()]
        assert {each["kind"] for each in found} == {"answer", "camera", "node"}
        async with penumbra(tmp_path, "watch", "--status", "--camera", "yard", *at) as watch:
            await watch.said("camera yard running: no picture yet · 0.0 pictures/s")
            await link.publisher(ANSWERS).send(an_answer(camera="front", sequence=3))
            await link.publisher(CAMERA_STATUS).send(a_camera_status(camera="front", state="stalled"))
            await link.publisher(CAMERA_STATUS).send(a_camera_status(camera="yard", state="ended"))
            await watch.said("camera yard ended")
        assert "front" not in watch.out
        assert "edge" not in watch.out


async def test_a_reader_that_has_enough_ends_it_without_a_word(mosquitto: Server, tmp_path: Path) -> None:
    watch = f"{sys.executable} -m penumbra watch --json --broker {place(mosquitto)}"
    command = f"{watch} | head -n 1; echo ${{PIPESTATUS[0]}}"
    async with pipeline(mosquitto) as link:
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-c", command),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(tmp_path),
        )
        said = asyncio.create_task(shell.communicate())
        async with asyncio.timeout(60):
            while not said.done():
                await link.publisher(ANSWERS).send(an_answer(camera="front", sequence=1))
                await asyncio.sleep(0.05)
            out, err = await said
    line, status = out.decode().splitlines()
    assert json.loads(line)["camera"] == "front"
    assert (status, err.decode()) == ("0", "")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--camera", "Front Door"), 2, '"Front Door" is no camera name'),
        (("--count", "0"), 2, "count"),
        (("--password-file", "none"), 2, "password file none cannot be read"),
    ],
)
async def test_what_is_wrong_is_on_stderr_alone(
    tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    code, watch = await ran(tmp_path, "watch", "--json", "--broker", nobody, *arguments)
    assert (code, watch.out) == (status, "")
    assert said in watch.err
    assert "Traceback" not in watch.err
