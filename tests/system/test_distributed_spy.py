"""What one helper's credentials see of a run, or two helpers' together, is attacked: the cap must hold."""

import asyncio
import dataclasses
import json
import math
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
import torch

from broker.acl import Account
from broker.errors import NotAllowed
from broker.helpers import HelperWork, decode_work
from broker.mqtt import MqttTransport
from broker.private_topics import ANSWERS, FRAMES
from broker.topic import Role
from broker.transport import Incoming
from feature_node.distributed.cut import Cut
from feature_node.distributed.loading import read_terms
from feature_node.distributed.segment import slice_for
from feature_node.distributed.settings import DistributedSettings
from feature_node.errors import BadSettings
from models.catalogue import find
from models.placement_table import PLACEMENT, read_table
from models.reading import load_manifest
from penumbra.lab_material import read_material
from privacy_lab.placement.effort import EFFORTS, Effort
from privacy_lab.placement.material import pictures_of_bundle
from privacy_lab.placement.record import Observed
from privacy_lab.placement.spy import attack_record
from privacy_lab.placement.walks import walk_of_bundle
from tests.servers import until
from tests.system.pipeline import BUNDLE, Setup, link_to, running_setup
from tests.system.test_distributed import HELPERS, held
from tests.unit.feature_node.fakes import frame

EFFORT: Effort = dataclasses.replace(
    EFFORTS["brief"], auxiliary=900, attacked=48, shared=3_000, inverse=4_000
)
"""A look, not a measurement: a minute on one core."""
LOST = 2
"""Helpers that the plan can do without."""
WITHIN = 60.0

pytestmark = pytest.mark.timeout(280)


@pytest.fixture
def bundle() -> Path:
    return find(BUNDLE)


def tightest(bundle: Path, colluding: int) -> tuple[DistributedSettings, Cut]:
    """The highest privacy that this many helpers can keep against colluders, two of the helpers gone."""
    manifest = load_manifest(bundle)
    for cap in sorted({math.ceil(1000 * row.high) / 1000 for row in read_table(bundle / PLACEMENT).rows}):
        settings = DistributedSettings(
            max_ssim=cap, colluding=colluding, helpers=len(HELPERS) - LOST, deadline_ms=5000
        )
        with suppress(BadSettings):
            cut = read_terms(bundle, manifest, settings).cut
            return msgspec.structs.replace(settings, helpers=len(HELPERS), keep_first=cut.kept), cut
    raise AssertionError("no level of privacy can be kept by so many helpers")


@pytest.mark.parametrize("colluding", [1, 2])
async def test_the_cap_holds_for_what_helpers_really_saw(
    bundle: Path, data_dir: Path, tmp_path: Path, colluding: int
) -> None:
    torch.set_num_threads(1)
    (settings, cut), manifest = tightest(bundle, colluding), load_manifest(bundle)
    material = read_material(manifest, data_dir, own=False)
    pictures = pictures_of_bundle(material, len(manifest.labels), EFFORT)
    edge = {"distributed": settings, "regions": "whole", "workers": 1}
    async with running_setup(tmp_path, "distributed", edge=edge, helpers=HELPERS) as setup:
        names = sorted(HELPERS, key=lambda name: -sum(held(tmp_path, name)))[:colluding]
        jpegs = [as_jpeg(picture) for picture in pictures.attacked.images]
        work = await spied_on(setup, names, jpegs)
    originals = np.stack([cv2.imdecode(np.frombuffer(j, np.uint8), 1)[:, :, ::-1] for j in jpegs])
    seen = [observed(work[name], name, tmp_path, cut) for name in names]
    assert {len(one.values) for record in seen for one in record} == {len(jpegs)}
    spied = attack_record(
        seen,
        walk_of_bundle(bundle),
        pictures.auxiliary.images,
        originals,
        EFFORT,
        seed=3,
        device=torch.device("cpu"),
    )
    assert spied.strongest.ssim.value <= settings.max_ssim, f"{spied.held}: {spied.strongest}"


def as_jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()


async def spied_on(setup: Setup, names: list[str], jpegs: list[bytes]) -> dict[str, list[HelperWork]]:
    """Send pictures through, one after the other, and give the work that each helper's credentials showed."""
    seen: dict[str, list[bytes]] = {name: [] for name in names}
    async with AsyncExitStack() as spies:
        for name in names:
            await spy_on(setup, name, seen[name], spies)
        await send_all(setup, jpegs)
    # Both subscriptions of a spy may bring the same message.
    return {
        name: list({work.task: work for work in map(decode_work, data)}.values())
        for name, data in seen.items()
    }


async def spy_on(setup: Setup, name: str, seen: list[bytes], spies: AsyncExitStack) -> None:
    def keep(incoming: Incoming) -> None:
        if incoming.path.endswith("/work"):
            seen.append(incoming.data)
        incoming.acknowledge()

    address = setup.private.address(Account(Role.HELPER, name).username)
    spy = await MqttTransport(address, f"spy-{name}", 16).connect(None, keep)
    spies.push_async_callback(spy.close)
    for topic_filter in ("#", f"penumbra/helpers/{name}/work"):
        with suppress(NotAllowed):
            await spy.subscribe(topic_filter, group=None, qos=1)


async def send_all(setup: Setup, jpegs: list[bytes]) -> None:
    answered: list[str] = []
    async with link_to(setup.private.side, setup.camera_address("front")) as camera:

        async def collect() -> None:
            async for delivery in camera.subscriber(ANSWERS, only="front", capacity=256):
                answered.append(delivery.message.outcome)
                delivery.done()

        collecting = asyncio.create_task(collect())
        await camera.wait_connected(WITHIN)
        for number, jpeg in enumerate(jpegs):
            side = 64
            await camera.publisher(FRAMES).send(frame(number, "front", jpeg=jpeg, width=side, height=side))
            await until(lambda number=number: len(answered) > number, f"answer {number}", WITHIN)
        collecting.cancel()
    assert set(answered) == {"answered"}


def observed(work: list[HelperWork], name: str, folder: Path, cut: Cut) -> list[Observed]:
    """Put what a spy saw in order: layer by layer the maps, picture after picture."""
    (file,) = folder.glob("*.maps.json")
    layers = json.loads(file.read_text())["layers"]
    found = []
    for layer in cut.layers:
        maps = tuple(layers[layer.tensor].get(name, ()))
        digest = slice_for(name, layer, maps).digest if maps else b""
        values = [np.frombuffer(one.maps, "<f4").reshape(one.shape) for one in work if one.digest == digest]
        if values:
            found.append(Observed(layer.name, maps, np.concatenate(values)))
    return found
