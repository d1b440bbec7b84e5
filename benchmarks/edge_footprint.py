"""Benchmark: the edge node's memory and start, against a process that holds the whole network in torch."""

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.children import ask
from benchmarks.harness import Benchmark, Context, Report, Row, Target, prose, spread
from benchmarks.machine import Memory, memory_of
from benchmarks.player import camera_names, play, read_clip
from benchmarks.site import EDGE, running_site
from benchmarks.whole_network import Network

_CLIPS: Final = {
    "640×360": "face_recognition_clip/short_hamilton_clip.mp4",
    "1920×1080": "facenet_crowd_1080p/video.mp4",
}
_RECIPE: Final = Path(__file__).parent.parent / "privacy_lab" / "recipes" / "gender-ours.yaml"
_FRAMES: Final = 100
_FRAMES_A_SECOND: Final = 10.0
_MIB: Final = 150.0
_READY_SECONDS: Final = 1.5


class Footprint(msgspec.Struct, frozen=True):
    """Memory in MiB and seconds from the start until ready."""

    memory: Memory
    seconds: float


def _run(context: Context) -> Report:
    context.plan(1)
    network = Network(_RECIPE.absolute(), context.work / "weights.safetensors", make=True)
    asyncio.run(ask("benchmarks.whole_network", network, Memory))
    context.step("weights made")
    subjects = {size: partial(_edge, clip, context) for size, clip in _CLIPS.items()}
    found = context.interleave({**subjects, "torch": partial(_torch, network)})
    rows = [row for size in _CLIPS for row in _rows(size, found[size], found["torch"])]
    how = prose(f"""
        Ours: a whole edge node (links to both brokers, face detection at up to 640×640, the shipped
        bundle's extractor, metrics) after {_FRAMES} frames of one camera answered, {_FRAMES_A_SECOND:g} a
        second; ready is the first time that /readyz says so after the process was started. Theirs: a
        process that imports torch, builds the whole network of the same bundle, loads its weights and
        answers one picture; no broker, no detector. Memory from /proc/PID/smaps_rollup: resident (RSS),
        and the proportional share where pages are shared (PSS).
    """)
    note = prose("""
        A 1920×1080 picture takes 6 MB decoded, and with it come the JPEG, its RGB copy and the detector's
        input: that is what larger frames add. No other cause of a missed row is known.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows), notes=(note,))


def _rows(size: str, edge: list[Footprint], torch: list[Footprint]) -> list[Row]:
    against = "whole network in torch"
    within = Target("at most", _MIB, "ours", "MiB")
    return [
        Row(
            what=f"edge's resident memory, {size} frames",
            unit="MiB",
            ours=spread(edge, lambda found: found.memory.rss),
            theirs=spread(torch, lambda found: found.memory.rss),
            against=against,
            target=within,
        ),
        Row(
            what=f"edge's share of memory (PSS), {size} frames",
            unit="MiB",
            ours=spread(edge, lambda found: found.memory.pss),
            theirs=spread(torch, lambda found: found.memory.pss),
            against=against,
        ),
        Row(
            what=f"edge's start until ready ({size} round)",
            unit="s",
            ours=spread(edge, lambda found: found.seconds),
            theirs=spread(torch, lambda found: found.seconds),
            against=f"{against}, until its first answer",
            target=Target("at most", _READY_SECONDS, "ours", "s"),
        ),
    ]


def _edge(clip: str, context: Context) -> Footprint:
    return asyncio.run(_measure(clip, context))


async def _measure(clip: str, context: Context) -> Footprint:
    names = camera_names(1)
    pictures = read_clip(context.clip(clip), _FRAMES)
    async with running_site(context.work, names) as site:
        await play(site, names, pictures, _FRAMES_A_SECOND)
        return Footprint(memory_of(site.pids[EDGE]), site.ready_seconds)


def _torch(network: Network) -> Footprint:
    load = msgspec.structs.replace(network, make=False)
    began = time.monotonic()
    memory = asyncio.run(ask("benchmarks.whole_network", load, Memory))
    return Footprint(memory, time.monotonic() - began)


BENCHMARK: Final = Benchmark("edge_footprint", "The edge node's memory and start-up.", _run)
