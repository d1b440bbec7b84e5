"""An extractor spread over eight helper processes: a real clip, helpers that die, and a spy among them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from broker.acl import Account
from broker.cloud_topics import FEATURES
from broker.errors import NotAllowed
from broker.features import Features
from broker.helpers import decode_work
from broker.mqtt import MqttTransport
from broker.private_topics import NODE_STATUS
from broker.status import NodeStatus
from broker.topic import Cloud, Role
from broker.transport import Incoming
from feature_node.distributed.settings import DistributedSettings
from feature_node.extractor import Faces
from feature_node.extractor_bundle import BundleExtractor
from feature_node.picture import decode
from feature_node.threads import Threads
from models.bundle import load_extractor
from models.catalogue import find
from models.quantise import dequantise, quantise
from tests.servers import until
from tests.system.pipeline import BUNDLE, Setup, link_to, running_setup
from tests.system.replays import Replaying, assert_all_answered, replaying
from tests.unit.feature_node.distributed.tables import table_of, write_table

HELPERS = tuple(f"h{number}" for number in range(1, 9))
CAP = 16
"""Maps of one layer that one helper may see: of 20, 32 and 64. Four helpers can hold 64, three cannot."""
WITHIN = 60.0

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def clip(data_dir: Path) -> Path:
    """47 frames of one person."""
    return data_dir / "videos" / "intel_asl_5people" / "eat.mkv"


@asynccontextmanager
async def distributed(folder: Path, **told: Any) -> AsyncIterator[Setup]:
    table = write_table(folder / "table.json", table_of(find(BUNDLE), CAP))
    settings = DistributedSettings(
        table=table, helpers=len(HELPERS), **{"deadline_ms": 5000, "max_ssim": 0.4, **told}
    )
    edge = {"distributed": settings, "regions": "whole"}
    async with running_setup(folder, "distributed", edge=edge, helpers=HELPERS) as setup:
        yield setup


@asynccontextmanager
async def watched(setup: Setup) -> AsyncIterator[tuple[list[Features], list[NodeStatus]]]:
    """What crosses to the cloud, and what the edge says of itself."""
    crossed: list[Features] = []
    statuses: list[NodeStatus] = []
    async with link_to(Cloud, setup.cloud.spy()) as cloud, setup.viewer() as viewer:

        async def cross() -> None:
            async for delivery in cloud.subscriber(FEATURES, capacity=256):
                crossed.append(delivery.message)
                delivery.done()

        async def follow() -> None:
            async for delivery in viewer.subscriber(NODE_STATUS, capacity=256):
                statuses.append(delivery.message)
                delivery.done()

        tasks = [asyncio.create_task(cross()), asyncio.create_task(follow())]
        await cloud.wait_connected(WITHIN)
        await viewer.wait_connected(WITHIN)
        try:
            yield crossed, statuses
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def assert_same_as_undistributed(replay: Replaying, crossed: list[Features]) -> None:
    """Every number that crossed is the undistributed network's, to the step in which numbers are sent."""
    bundle = load_extractor(find(BUNDLE))
    of = {features.sequence: features for features in crossed}
    assert sorted(of) == sorted(replay.frames)
    async with Threads(1) as threads:
        whole = BundleExtractor(bundle, threads, "whole")
        for sequence, frame in replay.frames.items():
            picture = decode(frame.jpeg, frame.width, frame.height)
            expected = quantise((await whole.extract(picture, Faces())).numbers, bundle.output)
            sent = dequantise(list(of[sequence].regions), bundle.output)
            step = np.abs(sent - dequantise(expected, bundle.output)).max()
            assert step <= 1.01 * bundle.output.scale / 127


def placement(statuses: list[NodeStatus]) -> Any:
    assert statuses, "the edge has said nothing"
    return statuses[-1].placement


def working(statuses: list[NodeStatus]) -> int:
    told = statuses[-1].placement if statuses else None
    return sum(helper.working for helper in told.helpers.values()) if told else 0


def all_holders_received(statuses: list[NodeStatus]) -> bool:
    return all(helper.received_bytes > 0 for helper in placement(statuses).helpers.values() if helper.maps)


async def test_a_clip_passes_eight_helpers_two_of_which_die(clip: Path, tmp_path: Path) -> None:
    async with (
        distributed(tmp_path) as setup,
        watched(setup) as (crossed, statuses),
        replaying(setup, clip, keep_frames=True) as replay,
    ):
        await replay.more_answers(8)
        await until(lambda: working(statuses) == 8, "the status tells of eight helpers", WITHIN)
        for name in ("h2", "h7"):
            setup.helpers[name].kill()
        await assert_all_answered(replay, 47)
        await assert_same_as_undistributed(replay, crossed)
        await until(lambda: working(statuses) == 6, "the status tells of six", WITHIN)
        # The last plan may be younger than the last frame: only a frame after it reaches everyone it names.
        async with replaying(setup, clip) as again:
            await assert_all_answered(again, 47)
        await until(lambda: all_holders_received(statuses), "the status tells of bytes for each", WITHIN)
        told = placement(statuses)
        assert (told.max_ssim, told.colluding) == (0.4, 1)
        assert all(layer.most_seen <= layer.cap == min(CAP, layer.maps) for layer in told.layers)
        assert "SSIM 0.4 at most" in statuses[-1].detail
        metrics = await setup.edge.metrics()
        assert metrics.total("penumbra_helper_maps_seen") >= 276
        assert metrics["penumbra_helpers_present"] == 6
        # A helper that was slow when it was measured, on a busy host, may have been given nothing.
        for name in [name for name, helper in told.helpers.items() if helper.maps][:2]:
            assert (await setup.helpers[name].metrics())["penumbra_work_total", "done"] > 0
            await setup.helpers[name].stop()


async def test_too_few_helpers_refuse_frames_and_a_return_heals(clip: Path, tmp_path: Path) -> None:
    async with distributed(tmp_path, deadline_ms=500) as setup, watched(setup) as (_, statuses):
        gone = ("h1", "h2", "h4", "h5", "h8")
        for name in gone:
            setup.helpers[name].kill()
        await until(lambda: bool(statuses) and statuses[-1].state == "refusing", "the edge refuses", WITHIN)
        assert "3 helpers are there" in statuses[-1].detail
        async with replaying(setup, clip) as replay:
            await replay.summary()
        assert {(answer.outcome, answer.reason) for answer in replay.answers} == {("refused", "no-placement")}
        counted = (await setup.edge.metrics())["penumbra_gate_refusals_total", "front", "no-placement"]
        assert counted == len(replay.answers) == 47
        for name in gone:
            setup.helpers[name].start()
        await until(lambda: working(statuses) == 8, "all are back", WITHIN)
        async with replaying(setup, clip) as replay:
            await assert_all_answered(replay, 47)
        assert all(layer.most_seen <= layer.cap for layer in placement(statuses).layers)


async def test_a_spy_among_the_helpers_sees_its_own_maps_alone(clip: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, bytes]] = []

    def keep(incoming: Incoming) -> None:
        seen.append((incoming.path, incoming.data))
        incoming.acknowledge()

    async with distributed(tmp_path) as setup:
        # A helper that was slow when it was measured, on a busy host, may have been given nothing.
        name = max(HELPERS, key=lambda name: sum(held(tmp_path, name)))
        own = {f"penumbra/helpers/{name}/weights", f"penumbra/helpers/{name}/work"}
        address = setup.private.address(Account(Role.HELPER, name).username)
        spy = await MqttTransport(address, "spy", 16).connect(None, keep)
        try:
            for topic_filter in ("#", *own, "penumbra/frames/front", "penumbra/helpers/+/work"):
                with suppress(NotAllowed):
                    await spy.subscribe(topic_filter, group=None, qos=1)
            async with replaying(setup, clip) as replay:
                await assert_all_answered(replay, 47)
        finally:
            await spy.close()
        most = held(tmp_path, name)
    assert {path for path, _ in seen} <= own
    work = [decode_work(data) for path, data in seen if path.endswith("/work")]
    assert len(work) >= 47 * len(most)
    assert max(one.shape[1] for one in work) <= max(most) <= CAP
    for _, data in seen:
        assert b"front" not in data
        assert b"\xff\xd8\xff" not in data[:64]
        assert b"Conv" not in data


def held(folder: Path, helper: str) -> list[int]:
    """How many different maps of each layer a helper has ever received, as the edge notes it; no zeros."""
    (file,) = folder.glob("*.maps.json")
    layers = json.loads(file.read_text())["layers"]
    return [len(layer[helper]) for layer in layers.values() if helper in layer]
