"""Benchmark: what the pipeline adds to an answer's age, beyond the computing that any way would take."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from benchmarks.harness import Benchmark, Context, Report, Row, Target, percentile, prose, spread
from benchmarks.player import QUALITY
from benchmarks.site import CAMERAS, Site, running_site, scrape
from broker.answers import Answer
from broker.plain_json import encode_plain
from camera_node.demo_reader import look, photograph
from camera_node.prepare import Preparer
from camera_node.settings import CameraSettings, CameraSpec
from penumbra.processes import Part, python_module

_CAMERA: Final = "camera-1"
_FRAMES_A_SECOND: Final = 10.0
_SIZE: Final = (640, 480)
_WARM_UP: Final = 20
_SLACK_SECONDS: Final = 40.0
_PICTURES: Final = 60
_P50_MS: Final = 5.0
_P95_MS: Final = 15.0
_HOPS: Final = ("camera_to_edge", "edge_queue", "edge_compute", "cloud_round_trip", "analyzer")


class Measured(msgspec.Struct, frozen=True):
    """One round: the answers, and the seconds subtracted from each for the camera and for the network."""

    answers: list[Answer]
    camera: float
    network: float

    def added(self) -> list[float]:
        """Give each answer's age less the computing, in milliseconds."""
        return [1000 * (answer.age_seconds - self.computing(answer)) for answer in self.answers]

    def computing(self, answer: Answer) -> float:
        """Add up what was computed for one answer."""
        return self.camera + answer.hops.edge_compute + (self.network if answer.regions else 0.0)


def _run(context: Context) -> Report:
    frames = 60 if context.quick else 150
    rounds = context.interleave({"latency": partial(_round, frames, context)})["latency"]
    rows = (
        _row("latency added, p50", rounds, _added(0.5), _P50_MS),
        _row("latency added, p95", rounds, _added(0.95), _P95_MS),
        _row("whole latency, capture to answer, p50", rounds, _of(lambda a: a.age_seconds, 0.5)),
        *(_row(f"hop {hop}, p50", rounds, _of(partial(_hop, hop), 0.5)) for hop in _HOPS),
        _row("subtracted for the camera", rounds, lambda measured: 1000 * measured.camera),
        _row("subtracted for the network", rounds, lambda measured: 1000 * measured.network),
    )
    how = prose(f"""
        The demonstration camera at {_FRAMES_A_SECOND:g} frames/s of {_SIZE[0]}×{_SIZE[1]}, one face;
        every part its own process, mosquitto on both sides, Redis; {frames} answers a round, after
        {_WARM_UP} others. Added is each answer's age (capture to answer) less three times: (1) the
        camera's, to render the picture and compress it, the median of {_PICTURES} pictures timed alone;
        (2) the hop edge_compute of that answer: decode, detect, extract, protect, seal; (3) where there
        were faces, one run of the analyzer's network, the mean that the analyzer exports. What is left is
        capture process to camera node, both brokers, queues, the analyzer's wait for a batch, Redis and
        all encoding of messages.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=rows)


def _row(
    what: str, rounds: list[Measured], of: Callable[[Measured], float], bound: float | None = None
) -> Row:
    target = Target("at most", bound, "ours", "ms") if bound is not None else None
    return Row(what=what, unit="ms", ours=spread(rounds, of), target=target)


def _added(share: float) -> Callable[[Measured], float]:
    return lambda measured: percentile(measured.added(), share)


def _of(seconds: Callable[[Answer], float], share: float) -> Callable[[Measured], float]:
    return lambda measured: 1000 * percentile([seconds(answer) for answer in measured.answers], share)


def _hop(name: str, answer: Answer) -> float:
    return float(getattr(answer.hops, name))


def _round(frames: int, context: Context) -> Measured:
    return asyncio.run(_measure(frames, context))


async def _measure(frames: int, context: Context) -> Measured:
    camera = camera_seconds()
    async with running_site(context.work, [_CAMERA]) as site:
        _start_camera(site)
        await site.collect(_WARM_UP, _SLACK_SECONDS)
        before = await asyncio.to_thread(scrape, site.analyzer_metrics)
        answers = await site.collect(frames, frames / _FRAMES_A_SECOND + _SLACK_SECONDS)
        after = await asyncio.to_thread(scrape, site.analyzer_metrics)
    runs, seconds = (
        after[f"penumbra_network_seconds_{part}"] - before[f"penumbra_network_seconds_{part}"]
        for part in ("count", "sum")
    )
    return Measured(answers, camera, seconds / runs if runs else 0.0)


def _start_camera(site: Site) -> None:
    spec = CameraSpec(
        name=_CAMERA,
        source="demo:",
        fps=_FRAMES_A_SECOND,
        size=_SIZE,
        quality=QUALITY,
        broker=site.camera(_CAMERA),
    )
    settings = CameraSettings(cameras=(spec,), metrics_address="")
    site.supervisor.start(Part(CAMERAS, python_module("camera_node"), encode_plain(settings)))


def camera_seconds() -> float:
    """Time what a camera computes for one picture of the demonstration: render, fit, compress; the median."""
    picture = photograph()
    preparer = Preparer("demo:", (), _SIZE, QUALITY)
    seconds: list[float] = []
    for number in range(_PICTURES):
        began = time.perf_counter()
        preparer.prepare(look(picture, number / _FRAMES_A_SECOND, _SIZE))
        seconds.append(time.perf_counter() - began)
    return percentile(seconds, 0.5)


BENCHMARK: Final = Benchmark("added_latency", "What the pipeline adds to the sum of its computing.", _run)
