"""Benchmark: frames a second of `penumbra replay` against one process that does the same without a broker."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, final

import msgspec

from benchmarks.children import ask
from benchmarks.harness import Benchmark, BenchmarkError, Context, Report, Row, Target, prose, spread
from benchmarks.one_process import Done, Work
from broker.answers import Answer
from models.catalogue import find, shipped

_FACES: Final = "face_recognition_clip/short_hamilton_clip.mp4"
_SIGNING: Final = "intel_asl_5people/book.mkv"
_SECONDS: Final = 200.0
_SHARE: Final = 0.8
_KEPT: Final = 1500


@final
@dataclass(frozen=True)
class _Case:
    clip: str
    extractor: Literal["bundle", "shade"]
    bundle: str


_CASES: Final = (
    _Case(_FACES, "bundle", "gender-ours"),
    _Case(_SIGNING, "bundle", "gender-ours"),
    _Case(_FACES, "shade", "people-present"),
    _Case(_SIGNING, "shade", "people-present"),
)

_WHERE_IT_GOES: Final = prose("""
    What ours does besides is the JPEG between camera and edge and the work of the other processes; on
    book.mkv the pictures are larger than on the other clip, and there are fewer of them. No other cause of a
    missed row is known.
""")


def _run(context: Context) -> Report:
    cases = [case for case in (_CASES[::2] if context.quick else _CASES) if case.bundle in shipped()]
    rows = [_row(case, context) for case in cases]
    lacking = {case.bundle for case in _CASES} - set(shipped())
    how = prose("""
        Ours: `penumbra replay CLIP --json`, every part its own process, mosquitto on both sides, Redis;
        from the first frame's capture to the last answer, so without the start of the parts. Theirs: one
        process, one plain loop over the same decoder, detector, hold, extractor, release steps and
        analyzer network, from its first picture to its last answer. It needs no JPEG between camera and
        edge; ours compresses, sends and decompresses one for each frame, besides the messages, the
        brokers, the look-up in Redis and the progress bar. Both on the same two cores.
    """)
    notes = [_WHERE_IT_GOES]
    notes += [f"Not measured: {bundle}, because that bundle is not shipped." for bundle in sorted(lacking)]
    return Report(
        name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows), notes=tuple(notes)
    )


def _row(case: _Case, context: Context) -> Row:
    subjects = {"penumbra": partial(_replay, case, context), "one process": partial(_alone, case, context)}
    done = context.interleave(subjects)
    counted = {result.frames for results in done.values() for result in results}
    if len(counted) != 1:
        raise BenchmarkError(f"{case.clip}: not every run answered every frame: {sorted(counted)}")
    return Row(
        what=f"{Path(case.clip).name}, {case.extractor} ({counted.pop()} frames)",
        unit="frames/s",
        ours=spread(done["penumbra"], lambda result: result.a_second),
        theirs=spread(done["one process"], lambda result: result.a_second),
        against="one process",
        target=Target("at least", _SHARE, "ratio"),
    )


def _alone(case: _Case, context: Context) -> Done:
    work = Work(clip=context.clip(case.clip).absolute(), extractor=case.extractor, bundle=find(case.bundle))
    return asyncio.run(ask("benchmarks.one_process", work, Done, _SECONDS))


def _replay(case: _Case, context: Context) -> Done:
    out = context.work / "answers.jsonl"
    command = [sys.executable, "-m", "penumbra", "replay", str(context.clip(case.clip)), "--json"]
    command += ["--extractor", case.extractor, "--bundle", case.bundle, "--out", str(out)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"penumbra replay of {case.clip} took over {_SECONDS:g} s") from None
    if done.returncode != 0:
        raise BenchmarkError(f"penumbra replay: {done.stderr.decode(errors='replace')[-_KEPT:]}")
    answers = [msgspec.json.decode(line, type=Answer) for line in out.read_bytes().splitlines()]
    answered = [answer for answer in answers if answer.outcome == "answered"]
    if not answered:
        raise BenchmarkError(f"penumbra replay of {case.clip} answered nothing")
    first = min(answer.captured_ns for answer in answered)
    last = max(answer.answered_ns for answer in answered)
    return Done(len(answered), (last - first) / 1e9, sum(len(answer.regions) for answer in answered))


BENCHMARK: Final = Benchmark(
    "replay_throughput", "What brokers and processes cost: frames a second of a replay.", _run
)
