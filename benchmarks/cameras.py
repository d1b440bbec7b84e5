"""Benchmark: what a frame costs the edge when the same frames come from more cameras."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from benchmarks.harness import Benchmark, Context, Report, Row, Target, percentile, prose, spread
from benchmarks.machine import cpu_seconds
from benchmarks.player import camera_names, play, read_clip
from benchmarks.site import EDGE, running_site

_CLIP: Final = "face_recognition_clip/short_hamilton_clip.mp4"
_CAMERAS: Final = (1, 4, 16)
_FRAMES_A_SECOND: Final = 8.0
_WARM_UP: Final = 16
_GROWTH: Final = 1.10


class Cost(msgspec.Struct, frozen=True):
    """What a frame took on average: processor time of the edge's process, and time on the clock (median)."""

    cpu_ms: float
    wall_ms: float


def _run(context: Context) -> Report:
    frames = 48 if context.quick else 96
    subjects = {str(count): partial(_round, count, frames, context) for count in _CAMERAS}
    costs = context.interleave(subjects)
    rows = [row for count in _CAMERAS[1:] for row in _rows(count, costs[str(count)], costs["1"])]
    how = prose(f"""
        {frames} frames of {_CLIP} (640×360), {_FRAMES_A_SECOND:g} a second in total, sent by 1, 4 or 16
        cameras in turn, each with its own account and link, to an edge node that finds faces at 640×384
        and runs the shipped bundle. Processor time is that of the edge's process over these frames, after
        {_WARM_UP} others; time on the clock is the median of the answers' edge_compute hop, and carries
        no target because it carries the machine's noise.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows))


def _rows(count: int, many: list[Cost], one: list[Cost]) -> list[Row]:
    quantities: tuple[tuple[str, Callable[[Cost], float], Target | None], ...] = (
        ("processor time", lambda cost: cost.cpu_ms, Target("at most", _GROWTH, "ratio")),
        ("time on the clock", lambda cost: cost.wall_ms, None),
    )
    return [
        Row(
            what=f"edge's {what} a frame, {count} cameras",
            unit="ms",
            ours=spread(many, of),
            theirs=spread(one, of),
            against="ours with 1 camera",
            target=target,
        )
        for what, of, target in quantities
    ]


def _round(count: int, frames: int, context: Context) -> Cost:
    return asyncio.run(_measure(count, frames, context))


async def _measure(count: int, frames: int, context: Context) -> Cost:
    names = camera_names(count)
    pictures = read_clip(context.clip(_CLIP), frames)
    async with running_site(context.work, names) as site:
        await play(site, names, pictures[:_WARM_UP], _FRAMES_A_SECOND)
        before = cpu_seconds(site.pids[EDGE])
        answers = await play(site, names, pictures, _FRAMES_A_SECOND)
        used = cpu_seconds(site.pids[EDGE]) - before
    wall = percentile([answer.hops.edge_compute for answer in answers], 0.5)
    return Cost(1000 * used / frames, 1000 * wall)


BENCHMARK: Final = Benchmark("cameras", "Cost per frame with 1, 4 and 16 cameras at one total rate.", _run)
