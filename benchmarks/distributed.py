"""Benchmark: what spreading an extractor over helpers costs, and what the planner expected of it."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from benchmarks.harness import Benchmark, BenchmarkError, Context, Report, Row, percentile, prose, spread
from benchmarks.helpers import spread_over, totals
from feature_node.distributed.cut import Cut
from feature_node.distributed.cutting import load_cut
from feature_node.distributed.spread import Spread
from models.bundle import load_extractor
from models.catalogue import find
from models.manifest import EXTRACTOR
from models.pictures import normalise
from models.quantise import Floats

_BUNDLE: Final = "gender-ours"
_HELPERS: Final = (2, 8)
_SPARE: Final = 2
"""Helpers that may fail: the others may hold all maps."""
_WARM_UP: Final = 5
_TOLERANCE: Final = 1e-4


class Measured(msgspec.Struct, frozen=True):
    """One round: seconds of each picture, and what a picture moved; all zero where nothing is spread."""

    seconds: list[float]
    sent: float = 0.0
    received: float = 0.0
    expected: float = 0.0
    messages: float = 0.0

    @property
    def p50(self) -> float:
        """The median picture's milliseconds."""
        return 1000 * percentile(self.seconds, 0.5)


def _run(context: Context) -> Report:
    pictures = 20 if context.quick else 100
    bundle = load_extractor(find(_BUNDLE))
    cut = load_cut((find(_BUNDLE) / EXTRACTOR).read_bytes(), _BUNDLE)
    drawn = np.random.default_rng(3).integers(0, 256, (pictures, *bundle.manifest.input.shape), np.uint8)
    inputs = normalise(drawn, bundle.manifest.input)
    whole = [bundle.embed(picture[None]) for picture in drawn]
    subjects: dict[str, Callable[[], Measured]] = {
        "undistributed": partial(_undistributed, bundle.embed, drawn)
    }
    for helpers in _HELPERS:
        measure = partial(_measure, cut, helpers, inputs, whole, context.work)
        subjects[f"{helpers} helpers"] = partial(_in_a_loop, measure)
    rounds = context.interleave(subjects)
    rows = [row for helpers in _HELPERS for row in _rows(helpers, rounds)]
    how = prose(f"""
        The extractor of {_BUNDLE}, one 64×64 picture at a time, {pictures} a round: undistributed, and over
        helper processes and a mosquitto on the same two cores, so that nothing computes sooner for being
        spread. A helper may hold what is needed for {_SPARE} of eight to fail (half of a layer's maps where
        there are two). Each answer is compared with the undistributed one (to {_TOLERANCE:g}). Expected is
        equation (5) of the planner for a star, with each helper's multiplications a second as it measured
        them at its start, the rate that large messages reach through the broker, and what the edge measured
        a message to cost when the helpers came: without that last part it is the model as published. It
        does not know that the helpers share two cores. Bytes are of the wire, without the weights, which
        are sent once.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows))


def _rows(helpers: int, rounds: dict[str, list[Measured]]) -> list[Row]:
    ours, theirs = rounds[f"{helpers} helpers"], rounds["undistributed"]

    def row(what: str, unit: str, of: Callable[[Measured], float], against: str = "") -> Row:
        other = spread(theirs, of) if against else None
        words = f"{what}, {helpers} helpers"
        return Row(what=words, unit=unit, ours=spread(ours, of), theirs=other, against=against)

    return [
        row("latency of a picture, p50", "ms", lambda measured: measured.p50, "undistributed"),
        row("expected by the planner", "ms", lambda measured: measured.expected),
        row("of which messages, beside their bytes", "ms", lambda measured: measured.messages),
        row("maps handed out, a picture", "kB", lambda measured: measured.sent / 1000),
        row("partial outputs, a picture", "kB", lambda measured: measured.received / 1000),
    ]


def _undistributed(embed: Callable[[np.ndarray], Floats], pictures: np.ndarray) -> Measured:
    seconds = []
    for picture in pictures:
        began = time.perf_counter()
        embed(picture[None])
        seconds.append(time.perf_counter() - began)
    return Measured(seconds)


def _in_a_loop(measure: Callable[[], Coroutine[None, None, Measured]]) -> Measured:
    return asyncio.run(measure())


async def _measure(cut: Cut, helpers: int, inputs: Floats, whole: list[Floats], folder: Path) -> Measured:
    share = 1 / max(helpers - _SPARE, 2)
    async with spread_over(cut, helpers, share, folder) as net:
        for picture in inputs[:_WARM_UP]:
            await net.run(picture[None])
        before = totals(net)
        seconds = [
            await _timed(net, picture[None], right) for picture, right in zip(inputs, whole, strict=True)
        ]
        after, told = totals(net), net.report
    return Measured(
        seconds,
        sent=(after.sent - before.sent) / len(inputs),
        received=(after.received - before.received) / len(inputs),
        expected=told.expected_ms if told else 0.0,
        messages=told.messages_ms if told else 0.0,
    )


async def _timed(net: Spread, picture: Floats, right: Floats) -> float:
    began = time.perf_counter()
    answer = await net.run(picture)
    took = time.perf_counter() - began
    if np.abs(answer - right).max() > _TOLERANCE * max(1.0, float(np.abs(right).max())):
        raise BenchmarkError("the spread network answered otherwise than the undistributed one")
    return took


BENCHMARK: Final = Benchmark("distributed", "What it costs that no helper sees a picture.", _run)
