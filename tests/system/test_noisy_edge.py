"""The edge as a process of its own with a bundle made for noise: what crosses, and when nothing does."""

import asyncio
from pathlib import Path

import pytest

from broker.cloud_topics import FEATURES
from broker.features import Features
from broker.mqtt import mqtt_link
from broker.topic import Cloud
from feature_node.noise_settings import NoiseSettings
from feature_node.policy import Policy
from models.bundle import load_analyzer
from models.manifest import NoiseSpec, RegionSpec
from tests.servers import until
from tests.system.edge import WITHIN, World, address, world
from tests.unit.feature_node.fakes import frame
from tests.unit.models import made, noisy


def bundle(folder: Path, noise: NoiseSpec | None) -> Path:
    carried = {} if noise is None else {"noise": noise}
    return made.bundle(folder / "tiny", region=RegionSpec("whole"), **carried)


async def crossing(edge: World, frames: int) -> list[Features]:
    """Everything that crosses while a frame of each of so many cameras is answered."""
    crossed: list[Features] = []

    async def listen() -> None:
        async for arrived in listener.subscriber(FEATURES, capacity=64):
            crossed.append(arrived.message)
            arrived.done()

    async with mqtt_link(Cloud, address(edge.cloud), client_id="listener") as listener:
        task = asyncio.create_task(listen())
        await listener.wait_connected(WITHIN)
        await edge.edge.ready()
        for number in range(frames):
            await edge.send(frame(camera=f"yard{number}"))
        await edge.answered(frames)
        await until(lambda: len(crossed) >= frames, f"{frames} messages", WITHIN)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return crossed


@pytest.mark.parametrize(("noise", "mechanism", "one", "joint"), [noisy.EACH[0], noisy.EACH[2]])
async def test_every_message_carries_the_mechanism_and_both_epsilons(tmp_path, noise, mechanism, one, joint):
    path = bundle(tmp_path, noise)
    changes = {"extractor": "bundle", "bundle": path, "policy": Policy(max_epsilon_joint=8.0)}
    async with world(tmp_path, **changes) as edge:
        crossed = await crossing(edge, 4)
        for features in crossed:
            assert features.protection.mechanism == mechanism
            assert features.protection.epsilon_per_coordinate == one
            assert features.protection.epsilon_joint == joint
        answered = load_analyzer(path).analyze([features.regions[0] for features in crossed])
        assert {label for label, _ in answered} <= {"this", "that"}
        for answer in edge.answers:
            assert answer.outcome == "answered"
            assert (answer.protection.mechanism, answer.protection.epsilon_joint) == (mechanism, joint)
        await edge.edge.stop()


@pytest.mark.parametrize(
    ("noise", "changes", "why"),
    [
        (None, {"noise": NoiseSettings(epsilon_joint=1.0)}, "tiny was made without noise"),
        (noisy.L1, {"noise": NoiseSettings(epsilon_per_coordinate=1.0)}, "is set by epsilon_joint"),
        (noisy.L1, {"policy": Policy(max_epsilon_joint=1.0)}, "at most 1 a message is allowed"),
    ],
)
async def test_where_noise_is_asked_for_and_cannot_be_had_nothing_is_read(tmp_path, noise, changes, why):
    async with world(tmp_path, extractor="bundle", bundle=bundle(tmp_path, noise), **changes) as edge:
        await edge.send(frame(0))
        await until(lambda: not edge.edge.running, "the edge has ended", WITHIN)
        await edge.state("offline")
        assert why in edge.detail
        assert edge.answers == []
