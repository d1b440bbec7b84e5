"""Benchmark: the exact length of every message; the same on every machine."""

from typing import Final

from benchmarks.harness import Benchmark, Context, Report, Row, Spread, prose
from broker.answers import Answer, AnswerRegion, encode_answer
from broker.features import Features, Protection, encode_features
from broker.frames import Frame, encode_frame
from broker.results import RegionAnswer, Result, encode_result
from models.catalogue import find
from models.manifest import Manifest
from models.reading import load_manifest

_BUNDLE: Final = "gender-ours"
_RUN: Final = 2**52 + 1
_SEQUENCE: Final = 70_000
_NOW_NS: Final = 1_760_000_000_000_000_000
_STREAM: Final = "abcdefghij234567abcd"
_JPEG: Final = 50_000
_FACES: Final = (0, 1, 4)


def _run(context: Context) -> Report:
    manifest = load_manifest(find(_BUNDLE))
    context.plan(1)
    rows = [
        _row("frame: around its JPEG of 50,000 bytes", len(encode_frame(_frame())) - _JPEG),
        *(_row(f"features of {n} faces", len(encode_features(_features(manifest, n)))) for n in _FACES),
        *(_row(f"result for {n} faces", len(encode_result(_result(manifest, n)))) for n in _FACES),
        *(_row(f"answer brought home, {n} faces (JSON)", len(_answer(manifest, n))) for n in _FACES),
    ]
    context.step("every message encoded")
    how = prose(f"""
        Messages with values of usual length (a run of 53 bits, frame number {_SEQUENCE:,}); features and
        results of the shipped bundle {_BUNDLE}, whose region is {manifest.region_bytes:,} bytes.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows))


def _row(what: str, size: int) -> Row:
    return Row(what=what, unit="B", ours=Spread((float(size),)))


def _frame() -> Frame:
    jpeg = bytes(_JPEG)
    return Frame("front-door", _RUN, _SEQUENCE, _NOW_NS, "synchronised", "newest", 1280, 720, jpeg)


def _features(manifest: Manifest, faces: int) -> Features:
    return Features(
        stream=_STREAM,
        run=_RUN,
        sequence=_SEQUENCE,
        captured_ns=_NOW_NS,
        sent_ns=_NOW_NS,
        bundle=manifest.bundle_id,
        kind="embedding",
        regions=(bytes(manifest.region_bytes or 0),) * faces,
        protection=Protection("int8"),
    )


def _result(manifest: Manifest, faces: int) -> Result:
    return Result(
        stream=_STREAM,
        run=_RUN,
        sequence=_SEQUENCE,
        captured_ns=_NOW_NS,
        sent_ns=_NOW_NS,
        bundle=manifest.bundle_id,
        regions=(RegionAnswer(manifest.labels[0], 0.987654321),) * faces,
        cached=0,
        received_ns=_NOW_NS,
        answered_ns=_NOW_NS,
    )


def _answer(manifest: Manifest, faces: int) -> bytes:
    answer = Answer(
        camera="front-door",
        run=_RUN,
        sequence=_SEQUENCE,
        captured_ns=_NOW_NS,
        answered_ns=_NOW_NS,
        outcome="answered",
        task=manifest.task,
        bundle=manifest.bundle_id,
        regions=(AnswerRegion((300, 200, 90, 120), manifest.labels[0], 0.987654321),) * faces,
    )
    return encode_answer(answer)


BENCHMARK: Final = Benchmark("wire", "What crosses the wire, in bytes.", _run)
