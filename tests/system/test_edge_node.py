"""The edge as a process of its own, between two real brokers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from broker.address import BrokerAddress
from broker.answers import Answer
from broker.cloud_topics import FEATURES, RESULTS
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, FRAMES, NODE_STATUS
from broker.topic import Cloud, Private
from feature_node.__main__ import BAD_SETTINGS
from feature_node.policy import Policy
from feature_node.settings import EdgeSettings, encode_settings
from tests.servers import Server, running_mosquitto, until
from tests.system.nodes import Node, killed_at_the_end
from tests.unit.feature_node.fakes import frame, reply

WITHIN = 30.0


def address(server: Server) -> BrokerAddress:
    return BrokerAddress(host=server.host, port=server.port)


def picture(level: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), level, np.uint8))[1].tobytes()


class World:
    """Two brokers, a camera's link, an analyzer that answers everything, and the edge between them."""

    def __init__(self, private: Server, cloud: Server, edge: Node, camera: Link[Private]) -> None:
        self.private = private
        self.cloud = cloud
        self.edge = edge
        self.send = camera.publisher(FRAMES).send
        self.answers: list[Answer] = []
        self.states: list[str] = []
        self.detail = ""

    async def collect(self, link: Link[Private]) -> None:
        async for arrived in link.subscriber(ANSWERS, capacity=64):
            self.answers.append(arrived.message)
            arrived.done()

    async def follow(self, link: Link[Private]) -> None:
        async for arrived in link.subscriber(NODE_STATUS, capacity=64):
            self.states.append(arrived.message.state)
            self.detail = arrived.message.detail
            arrived.done()

    async def answered(self, count: int) -> None:
        await until(lambda: len(self.answers) >= count, f"{count} answers", WITHIN)

    async def state(self, state: str) -> None:
        await until(lambda: self.states[-1:] == [state], f"the edge is {state}", WITHIN)


async def answer_everything(link: Link[Cloud]) -> None:
    results = link.publisher(RESULTS)
    async for arrived in link.subscriber(FEATURES, capacity=64):
        await results.send(reply(arrived.message))
        arrived.done()


@asynccontextmanager
async def world(tmp_path: Path, **changes: Any) -> AsyncIterator[World]:
    async with running_mosquitto() as private, running_mosquitto() as cloud:
        camera = mqtt_link(Private, address(private), client_id="camera")
        analyzer = mqtt_link(Cloud, address(cloud), client_id="analyzer")
        fields = {
            "site": "home",
            "private": address(private),
            "cloud": address(cloud),
            "key_file": tmp_path / "key",
            "extractor": "shade",
            "detection_size": (64, 64),
            "threads": 1,
            "answer_timeout": 2.0,
        }
        edge = Node("edge", "feature_node", encode_settings(EdgeSettings(**(fields | changes))), tmp_path)
        async with camera, analyzer:
            made = World(private, cloud, edge, camera)
            await camera.wait_connected(WITHIN)
            await analyzer.wait_connected(WITHIN)
            tasks = [
                asyncio.create_task(made.collect(camera)),
                asyncio.create_task(made.follow(camera)),
                asyncio.create_task(answer_everything(analyzer)),
            ]
            try:
                with killed_at_the_end(edge):
                    edge.start()
                    yield made
                    edge.assert_no_traceback()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


async def test_it_answers_frames_says_how_it_is_and_ends_in_order(tmp_path):
    async with world(tmp_path) as made:
        await made.edge.ready()
        await made.state("online")
        for number in range(5):
            await made.send(frame(number))
        await made.answered(5)
        assert {answer.outcome for answer in made.answers} == {"answered"}
        metrics = await made.edge.metrics()
        assert metrics["penumbra_answers_total", "yard", "answered"] == 5
        assert metrics.total("penumbra_cloud_bytes_total") == sum(
            answer.bytes_cloud for answer in made.answers
        )
        await made.edge.stop()
        await made.state("offline")


async def test_a_policy_that_is_not_met_ends_it_before_a_frame_is_read_and_the_reason_stays(tmp_path):
    async with world(tmp_path, policy=Policy(require_certificate=True)) as made:
        await made.send(frame(0))
        await until(lambda: not made.edge.running, "the edge has ended", WITHIN)
        await made.state("offline")
        assert "does not meet this site's policy" in made.detail
        assert "does not meet this site's policy" in made.edge.log().splitlines()[-1]
        assert made.answers == []


async def test_a_killed_edge_is_known_to_be_gone_and_a_new_one_goes_on(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.send(frame(0))
        await made.answered(1)
        made.edge.kill()
        await made.state("offline")
        made.edge.start()
        await made.state("online")
        await made.send(frame(1))
        await made.answered(2)
        assert [answer.outcome for answer in made.answers] == ["answered"] * 2
        await made.edge.stop()


async def test_a_damaged_picture_is_refused_and_the_next_answered(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.send(frame(0, jpeg=picture(9)[:-10]))
        await made.send(frame(1, jpeg=picture(9)))
        await made.answered(2)
        assert [(answer.outcome, answer.reason) for answer in made.answers] == [
            ("refused", "bad-picture"),
            ("answered", ""),
        ]
        await made.edge.stop()


async def test_without_the_cloud_it_is_degraded_and_recovers(tmp_path):
    async with world(tmp_path) as made:
        await made.state("online")
        await made.cloud.stop()
        await made.state("degraded")
        assert (await made.edge.readiness())["ready"], "frames are still taken"
        await made.cloud.start()
        await made.state("online")
        await made.send(frame(0))
        await made.answered(1)
        await made.edge.stop()


async def test_without_the_private_broker_it_is_not_ready_and_recovers(tmp_path):
    async with world(tmp_path) as made:
        await made.edge.ready()
        await made.private.stop()
        await until(lambda: not_ready(made.edge), "not ready", WITHIN)
        await made.private.start()
        await made.edge.ready()
        await until(lambda: sends(made), "a frame goes through", WITHIN)
        await made.answered(1)
        await made.edge.stop()


async def not_ready(edge: Node) -> bool:
    return not (await edge.readiness()).get("ready", True)


async def sends(made: World) -> bool:
    await made.send(frame(0))
    return True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "cannot be read"),
        (b'{"site": "home"}', "private"),
        (
            json.dumps(
                {
                    "site": "home",
                    "private": {"host": "127.0.0.1", "port": 1},
                    "key_file": "key",
                    "cloud": {"host": "127.0.0.1", "port": 1},
                    "extractor": "shade",
                    "detector": "absent.onnx",
                }
            ).encode(),
            "absent.onnx",
        ),
    ],
    ids=["nothing", "half", "no-detector"],
)
def test_settings_that_cannot_be_used_end_it_with_one_clear_line(tmp_path, text, says):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "feature_node"],
        input=text,
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    error = done.stderr.decode()
    assert done.returncode == BAD_SETTINGS
    assert says in error.splitlines()[-1]
    assert "Traceback" not in error
