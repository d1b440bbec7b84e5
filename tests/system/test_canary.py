"""The canary: while real clips run through the real set-up, nothing private is ever on the cloud side.

A spy reads every topic of the cloud broker, a recorder keeps every byte that edge and analyzer send there,
and Redis is emptied into the same heap. The same search over the private side's bytes must find everything:
a search that finds nothing anywhere would prove nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from broker.cloud_topics import FEATURES
from broker.features import Features, decode_features
from broker.mqtt import MqttTransport
from broker.results import decode_result
from broker.status import decode_node_status
from broker.transport import Incoming
from camera_node.settings import CameraSpec
from models.catalogue import find
from models.manifest import decode_manifest
from tests.media import CAR, camera_clip
from tests.rtsp import require_rtsp, running_rtsp
from tests.servers import LOOPBACK, until
from tests.system.faces import CenterFaceFinder, YuNetFinder, decode, detail_left, flat
from tests.system.leaks import FRAME_START, jpegs, leaked_words
from tests.system.pipeline import BUNDLE, BrokerServer, Setup, running_setup
from tests.system.replays import Replaying, assert_all_answered, replaying
from tests.system.watching import watching

CAMERA = "kanarienvogel-haustuer"
SITE = "villa-kunterbunt"
FILE = "geburtstag-im-garten-2031"
"""Words that nothing else would say."""
WORKING_SIZE = (640, 640)
DETAIL_ALLOWED = 0.6
"""Of a face's own detail (a correlation); shaded faces of this clip reach 0.45, unshaded ones 1."""

pytestmark = pytest.mark.timeout(240)


def named_clip(folder: Path, clip: Path) -> Path:
    """The clip under a name, in a folder, that must not leave."""
    place = folder / "privater-ordner"
    place.mkdir()
    link = place / f"{FILE}{clip.suffix}"
    link.symlink_to(clip)
    return link


def secrets_of(setup: Setup, clip: Path) -> list[str]:
    """Every word that only the private side may know."""
    key = (setup.folder / "pseudonym.key").read_bytes()
    return [CAMERA, SITE, FILE, str(clip), str(setup.folder), key.hex(), *setup.private.passwords]


@asynccontextmanager
async def spying(broker: BrokerServer) -> AsyncIterator[list[Incoming]]:
    """Everything that the broker carries, seen by an account that may read all of it."""
    seen: list[Incoming] = []

    def keep(incoming: Incoming) -> None:
        seen.append(incoming)
        incoming.acknowledge()

    session = await MqttTransport(broker.spy(), "spy-test", 64).connect(None, keep)
    try:
        await session.subscribe("#", group=None, qos=1)
        yield seen
    finally:
        await session.close()


async def redis_heap(setup: Setup) -> bytes:
    """All keys and values of Redis, as Redis itself would write them to disk and as they are read."""
    heap = bytearray()
    async with Redis(host=LOOPBACK, port=setup.redis.port) as client:
        async for key in client.scan_iter(count=1000):
            heap += key + b"\n"
            kind = await client.type(key)
            match kind:
                case b"string":
                    heap += await client.get(key)
                case b"hash":
                    heap += b"".join(part for pair in (await client.hgetall(key)).items() for part in pair)
                case b"stream":
                    for number, fields in await client.xrange(key):
                        heap += number + b"".join(part for pair in fields.items() for part in pair)
                case _:
                    pytest.fail(f"Redis holds a {kind!r}, which this test does not read")
    return bytes(heap)


async def cloud_heaps(setup: Setup, seen: Sequence[Incoming]) -> dict[str, bytes]:
    """All bytes that the cloud side ever had, by where they were found."""
    recorder = setup.cloud.recorder
    assert recorder is not None
    assert len(recorder.sent) >= 2, "edge and analyzer should both have come by the recorder"
    return {
        "the cloud link, outward": b"".join(recorder.sent),
        "the cloud link, homeward": b"".join(recorder.received),
        "the cloud broker's topics": b"\n".join(i.path.encode() + b" " + i.data for i in seen),
        "Redis": await redis_heap(setup),
        "the cloud broker's log": setup.cloud.server.log().encode(),
        "the analyzer's log": setup.analyzer.log().encode(),
        "the analyzer's metrics": (await setup.analyzer.metrics()).text.encode(),
    }


def private_heap(setup: Setup) -> bytes:
    """All bytes that the private side's clients sent."""
    assert setup.private.recorder is not None
    return b"".join(setup.private.recorder.sent)


def check_words(heaps: dict[str, bytes], words: list[str]) -> None:
    for name, heap in heaps.items():
        assert heap, f"nothing was found of {name}"
        assert not (leaked := leaked_words(heap, words)), f"{name} holds {leaked}"
        assert FRAME_START not in heap, f"{name} holds a frame"


def check_search_finds_what_is_there(setup: Setup, words: list[str]) -> None:
    """On the private side, the same search finds the camera's name, the passwords, frames and pictures."""
    heap = private_heap(setup)
    assert leaked_words(heap, words)[:1] == [CAMERA]
    assert FRAME_START in heap
    assert jpegs(heap[:1_000_000])


def features_sent(setup: Setup) -> list[Features]:
    """The features messages, read off the recorded bytes; nothing but known messages may be among them."""
    assert setup.cloud.recorder is not None
    sent = []
    for publication in setup.cloud.recorder.publications():
        match publication.topic.split("/")[:2]:
            case ["penumbra", "features"]:
                sent.append(decode_features(publication.payload))
                assert publication.topic == FEATURES.path(sent[-1].stream)
            case ["penumbra", "results"]:
                decode_result(publication.payload)
            case ["penumbra", "status"]:
                assert decode_node_status(publication.payload).role == "analyzer"
            case _:
                pytest.fail(f"something was published on {publication.topic}")
    return sent


CLIPS = {
    "stage": ("face_recognition_clip/short_hamilton_clip.mp4", 275),
    "crowd": ("facenet_crowd_1080p/video.mp4", 105),
}


@pytest.mark.parametrize(("clip", "frames"), CLIPS.values(), ids=CLIPS)
async def test_embeddings_carry_nothing_private(
    clip: str, frames: int, data_dir: Path, tmp_path: Path
) -> None:
    source = named_clip(tmp_path, data_dir / "videos" / clip)
    edge = {"detection_size": WORKING_SIZE}
    async with (
        running_setup(tmp_path, cameras=[CAMERA], site=SITE, record=True, edge=edge) as setup,
        spying(setup.cloud) as seen,
    ):
        async with replaying(setup, source, camera=CAMERA) as replay:
            summary = await assert_all_answered(replay, frames)
        await sees_results(seen, frames)
        words = secrets_of(setup, source)
        heaps = await cloud_heaps(setup, seen)
        check_words(heaps, words)
        check_search_finds_what_is_there(setup, words)
        check_embeddings(features_sent(setup), frames, summary.regions)
        for name, heap in heaps.items():
            assert not jpegs(heap), f"{name} holds a picture"
        assert len(heaps["the cloud link, outward"]) < summary.bytes_as_jpeg / 20


async def sees_results(seen: Sequence[Incoming], count: int) -> None:
    await until(
        lambda: sum(incoming.path.startswith("penumbra/results/") for incoming in seen) >= count,
        "the spy to see every result",
    )


def check_embeddings(sent: list[Features], frames: int, regions: int) -> None:
    """Each message holds arrays of the one length that the manifest declares, as many as there are faces."""
    file = find(BUNDLE) / "manifest.json"
    manifest = decode_manifest(file.read_bytes(), str(file))
    assert {features.sequence for features in sent} == set(range(frames))
    assert {features.kind for features in sent} == {"embedding"}
    assert {features.bundle for features in sent} == {manifest.bundle_id}
    assert {len(region) for features in sent for region in features.regions} == {manifest.region_bytes}
    assert sum({features.sequence: len(features.regions) for features in sent}.values()) == regions > 100


@pytest.mark.parametrize("style", ["solid", "mosaic"])
async def test_shaded_pictures_show_no_face(style: str, data_dir: Path, tmp_path: Path) -> None:
    source = named_clip(tmp_path, data_dir / "videos" / CLIPS["stage"][0])
    edge = {"shade": style, "detection_size": WORKING_SIZE}
    async with (
        running_setup(tmp_path, "shade", cameras=[CAMERA], site=SITE, record=True, edge=edge) as setup,
        spying(setup.cloud) as seen,
    ):
        async with replaying(setup, source, camera=CAMERA, keep_frames=True, fps=6) as replay:
            summary = await replay.summary()
            assert set(summary.frames_dropped) == {"rate"}
            assert summary.frames_processed == len(replay.answers) == len(replay.frames) > 40
        await sees_results(seen, len(replay.frames))
        words = secrets_of(setup, source)
        heaps = await cloud_heaps(setup, seen)
        check_words(heaps, words)
        check_search_finds_what_is_there(setup, words)
        sent = features_sent(setup)
        weights = data_dir / "weights" / "yunet" / "yunet_n_dynamic.onnx"
        await asyncio.to_thread(check_pictures, heaps, sent, replay, style == "solid", weights)


def check_pictures(
    heaps: dict[str, bytes], sent: list[Features], replay: Replaying, solid: bool, weights: Path
) -> None:
    """Every JPEG on the wire is one of the features', and in it every face of the original is covered."""
    pictures = {features.regions[0]: features.sequence for features in sent}
    assert set(pictures.values()) == set(replay.frames)
    assert set(jpegs(heaps["the cloud link, outward"])) == set(pictures)
    for name in ("Redis", "the analyzer's log", "the analyzer's metrics"):
        assert not jpegs(heaps[name]), f"{name} holds a picture"
    finders = (CenterFaceFinder(), YuNetFinder(weights))
    faces = recognisable = 0
    for jpeg, sequence in pictures.items():
        original, censored = decode(replay.frames[sequence].jpeg), decode(jpeg)
        assert original.shape == censored.shape
        for face in (face for finder in finders for face in finder.find(original)):
            faces += 1
            recognisable += detail_left(original, original, face) > DETAIL_ALLOWED
            left = detail_left(original, censored, face)
            assert left < DETAIL_ALLOWED, f"frame {sequence}: {face} shows {left:.0%} of its detail"
            assert flat(censored, face) or not solid, f"frame {sequence}: {face} is not wholly covered"
    assert recognisable > len(pictures), f"{recognisable} of {faces} faces showed anything: a poor test"


async def test_a_cameras_account_is_on_no_wire_and_in_no_log(data_dir: Path, tmp_path: Path) -> None:
    require_rtsp()
    user, password = "wachmann-am-tor", "sesam-oeffne-dich-sofort"
    (tmp_path / "rtsp.password").write_text(password)
    clip = await asyncio.to_thread(camera_clip, data_dir / CAR, tmp_path / "camera.h264")
    async with (
        running_rtsp(clip, user, password) as rtsp,
        running_setup(tmp_path, cameras=[CAMERA], site=SITE, record=True) as setup,
        spying(setup.cloud) as seen,
        watching(setup) as watcher,
    ):
        source = f"rtsp://{user}@127.0.0.1:{rtsp.port}/live"
        camera = setup.camera(
            CameraSpec(name=CAMERA, source=source, fps=5, password_file=tmp_path / "rtsp.password")
        )
        camera.start()
        await watcher.sees_more_answers(CAMERA, 10)
        rtsp.kill()  # so that errors about it are told, too
        await watcher.sees(CAMERA, "stalled", "failed", "connecting")
        logs = "".join(node.log() for node in (camera, setup.edge, setup.analyzer))
        pages = "".join([(await node.metrics()).text for node in (camera, setup.edge, setup.analyzer)])
        heaps = {
            **await cloud_heaps(setup, seen),
            "the private link": private_heap(setup),
            "the logs": logs.encode(),
            "the metrics": pages.encode(),
        }
        for name, heap in heaps.items():
            assert not (leaked := leaked_words(heap, [user, password])), f"{name} holds {leaked}"
        await camera.stop()
