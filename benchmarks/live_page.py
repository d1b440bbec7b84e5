"""Benchmark: frames a second of the edge with the live page open, closed, and not served at all."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import msgspec
import psutil

from benchmarks.brokers import LOOPBACK, free_port
from benchmarks.harness import (
    Benchmark,
    BenchmarkError,
    Context,
    Report,
    Row,
    Spread,
    Target,
    prose,
    spread,
)
from benchmarks.player import QUALITY, read_clip
from benchmarks.site import BUNDLE, CAMERAS, EDGE, Site, running_site
from broker.features import Features, Protection, encode_features
from broker.plain_json import encode_plain
from camera_node.settings import CameraSettings, CameraSpec
from feature_node.live.reflection import Left, Reflector
from feature_node.live.settings import LiveSettings
from models.catalogue import find
from models.reading import load_manifest
from monitoring.live.pump import State
from penumbra.processes import Part, python_module

_CLIP: Final = "face_recognition_clip/short_hamilton_clip.mp4"
_CAMERA: Final = "camera-1"
_WARM_UP: Final = 40
_DRAWINGS: Final = 50
_SLACK_SECONDS: Final = 120.0
_ENTER_SECONDS: Final = 20.0
_OPEN: Final = 0.95
_CLOSED: Final = 0.97
_NO_PAGE, _CLOSED_PAGE, _OPEN_PAGE = "no page", "closed", "open"


class Measured(msgspec.Struct):
    """One round: frames a second, the edge's computing time a frame, and what the client was shown."""

    a_second: float = 0.0
    milliseconds: float = 0.0
    states: int = 0
    pictures: int = 0


def _run(context: Context) -> Report:
    clip, frames = context.clip(_CLIP).absolute(), 200 if context.quick else 600
    ways = (_NO_PAGE, _CLOSED_PAGE, _OPEN_PAGE)
    done = context.interleave({way: partial(_round, way, clip, frames, context) for way in ways})
    drawn = context.interleave({"one drawing": partial(_drawing, clip)})["one drawing"]
    rows = [*_rows(done)]
    rows.append(
        Row(what="drawing one frame with a face, processor time", unit="ms", ours=Spread(tuple(drawn)))
    )
    shown = [f"{result.states} states and {result.pictures} pictures" for result in done[_OPEN_PAGE]]
    how = prose(f"""
        One camera replays {Path(_CLIP).name} as fast as answers come, every part its own process, mosquitto
        on both sides, Redis; frames a second from the first to the last of {frames} answers, after
        {_WARM_UP} others. Open: a client in another process reads every event and fetches both pictures of
        every version, as the page does; it shares the two cores. Closed: the page is served and nobody
        looks, which is meant to cost nothing: its bound is what noise leaves of 1. Against: an edge without
        a page.
    """)
    notes = (f"While open, the client was shown, by round: {'; '.join(shown)}.",)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows), notes=notes)


def _rows(done: dict[str, list[Measured]]) -> list[Row]:
    absent = done[_NO_PAGE]
    rows = [
        Row(
            what=f"page {way}",
            unit="frames/s",
            ours=spread(done[way], lambda measured: measured.a_second),
            theirs=spread(absent, lambda measured: measured.a_second),
            against=_NO_PAGE,
            target=Target("at least", bound, "ratio"),
        )
        for way, bound in ((_OPEN_PAGE, _OPEN), (_CLOSED_PAGE, _CLOSED))
    ]
    rows += [
        Row(
            what=f"page {way}: computing time of the edge's process a frame",
            unit="ms",
            ours=spread(done[way], lambda measured: measured.milliseconds),
            theirs=spread(absent, lambda measured: measured.milliseconds),
            against=_NO_PAGE,
        )
        for way in (_OPEN_PAGE, _CLOSED_PAGE)
    ]
    return rows


def _round(way: str, clip: Path, frames: int, context: Context) -> Measured:
    return asyncio.run(_measure(way, clip, frames, context))


async def _measure(way: str, clip: Path, frames: int, context: Context) -> Measured:
    port = free_port()
    live = None if way == _NO_PAGE else LiveSettings(listen=f"{LOOPBACK}:{port}")
    measured = Measured()
    async with running_site(context.work, [_CAMERA], live=live) as site:
        watching = _watching(port, measured) if way == _OPEN_PAGE else contextlib.nullcontext()
        async with watching:
            _start_camera(site, clip)
            await site.collect(_WARM_UP, _SLACK_SECONDS)
            measured.states = measured.pictures = 0
            began = _computed(site)
            answers = await site.collect(frames, _SLACK_SECONDS)
            measured.milliseconds = 1000 * (_computed(site) - began) / frames
    if way == _OPEN_PAGE and not measured.pictures:
        raise BenchmarkError("the page showed no picture")
    first, last = answers[0].answered_ns, max(answer.answered_ns for answer in answers)
    measured.a_second = (len(answers) - 1) / ((last - first) / 1e9)
    return measured


def _drawing(clip: Path) -> float:
    """Milliseconds of processor time that the feed's thread works for one frame of the clip."""
    (picture,) = read_clip(clip, 1)
    width, height = picture.width, picture.height
    bundle = find(BUNDLE)
    manifest = load_manifest(bundle)
    features = Features(
        "a" * 20,
        0,
        0,
        0,
        0,
        manifest.bundle_id,
        "embedding",
        (bytes(manifest.region_bytes or 0),),
        Protection(),
    )
    box = (width // 4, height // 4, width // 4, height // 2)
    left = Left(0, 0, picture.jpeg, (width, height), encode_features(features), (box,))
    reflector = Reflector(bundle, faces=True)
    reflector.reflect(left)
    began = time.process_time()
    for _ in range(_DRAWINGS):
        reflector.reflect(left)
    return 1000 * (time.process_time() - began) / _DRAWINGS


def _computed(site: Site) -> float:
    """Seconds of processor time that the edge has used so far: a busy machine does not change them much."""
    times = psutil.Process(site.pids[EDGE]).cpu_times()
    return float(times.user + times.system)


def _start_camera(site: Site, clip: Path) -> None:
    spec = CameraSpec(
        name=_CAMERA, source=str(clip), pace="fast", loop=True, quality=QUALITY, broker=site.camera(_CAMERA)
    )
    settings = CameraSettings(cameras=(spec,), metrics_address="")
    site.supervisor.start(Part(CAMERAS, python_module("camera_node"), encode_plain(settings)))


@contextlib.asynccontextmanager
async def _watching(port: int, measured: Measured) -> AsyncIterator[None]:
    reader, writer = await _enter(port)
    watch = asyncio.create_task(_watch(port, reader, measured), name="watch")
    try:
        yield
        if watch.done():
            watch.result()
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        writer.close()


async def _enter(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open the events once the page is there: that is a moment after the edge is ready."""
    try:
        async with asyncio.timeout(_ENTER_SECONDS):
            while True:
                with contextlib.suppress(OSError):
                    return await _ask(port, "/events")
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise BenchmarkError(f"no page at {LOOPBACK}:{port} within {_ENTER_SECONDS:g} s") from None


async def _watch(port: int, reader: asyncio.StreamReader, measured: Measured) -> None:
    """Read every event, and fetch both pictures of every version over one connection, as a browser does."""
    versions: dict[str, int] = {}
    with contextlib.closing(HTTPConnection(LOOPBACK, port, timeout=_ENTER_SECONDS)) as connection:
        while line := await reader.readline():
            if not line.startswith(b"data: "):
                continue
            measured.states += 1
            for view in msgspec.json.decode(line[6:], type=State).cameras:
                if view.picture_version != versions.get(view.camera, 0):
                    versions[view.camera] = view.picture_version
                    for side in ("house", "cloud"):
                        path = f"/picture/{view.camera}/{side}/{view.picture_version}"
                        measured.pictures += await asyncio.to_thread(_fetch, connection, path)
    raise BenchmarkError("the page ended its events")


def _fetch(connection: HTTPConnection, path: str) -> bool:
    connection.request("GET", path)
    return connection.getresponse().read().startswith(b"\xff\xd8")


async def _ask(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=1 << 22)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


BENCHMARK: Final = Benchmark("live_page", "What it costs the edge to be looked at.", _run)
