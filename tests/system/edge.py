"""One edge as a process of its own between two real brokers, with a camera and an analyzer in the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from broker.address import BrokerAddress
from broker.answers import Answer
from broker.cloud_topics import FEATURES, RESULTS
from broker.features import Features
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, FRAMES, NODE_STATUS
from broker.status import NodeStatus
from broker.topic import Cloud, Private
from feature_node.settings import EdgeSettings, encode_settings
from tests.servers import Server, running_mosquitto, until
from tests.system.nodes import Node, killed_at_the_end
from tests.unit.feature_node.fakes import reply

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
        self.crossed: list[Features] = []
        self.states: list[str] = []
        self.status: NodeStatus | None = None

    @property
    def detail(self) -> str:
        return self.status.detail if self.status is not None else ""

    async def collect(self, link: Link[Private]) -> None:
        async for arrived in link.subscriber(ANSWERS, capacity=64):
            self.answers.append(arrived.message)
            arrived.done()

    async def follow(self, link: Link[Private]) -> None:
        async for arrived in link.subscriber(NODE_STATUS, capacity=64):
            self.states.append(arrived.message.state)
            self.status = arrived.message
            arrived.done()

    async def answered(self, count: int) -> None:
        await until(lambda: len(self.answers) >= count, f"{count} answers", WITHIN)

    async def state(self, state: str) -> None:
        await until(lambda: self.states[-1:] == [state], f"the edge is {state}", WITHIN)


async def answer_everything(link: Link[Cloud], crossed: list[Features]) -> None:
    results = link.publisher(RESULTS)
    async for arrived in link.subscriber(FEATURES, capacity=64):
        crossed.append(arrived.message)
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
                asyncio.create_task(answer_everything(analyzer, made.crossed)),
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
