"""Benchmark: how fast faces are shaded, and whether every face that `deface` would shade is shaded."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import msgspec

from benchmarks.children import ask
from benchmarks.deface_video import Clip
from benchmarks.face_cover import COVERED, Comparison, Cover, Covers
from benchmarks.harness import Benchmark, BenchmarkError, Context, Report, Row, Spread, Target, prose, spread
from benchmarks.one_process import Done, Work
from feature_node.detector import WORKING_SIZE, working_size

_CLIPS: Final = (
    "face_recognition_clip/short_hamilton_clip.mp4",
    "facenet_crowd_1080p/video.mp4",
    "intel_asl_5people/book.mkv",
    "intel_car/car-detection.mp4",
)
_QUICK: Final = _CLIPS[2:3]
_SECONDS: Final = 300.0
_TIMES: Final = 2.0


class Shaded(msgspec.Struct, frozen=True):
    """What the child says of deface's run."""

    seconds: float
    backend: str


def _run(context: Context) -> Report:
    rows: list[Row] = []
    notes: list[str] = []
    for name in _QUICK if context.quick else _CLIPS:
        clip = context.clip(name).absolute()
        size = _size(clip)
        ours, theirs = _speeds(clip, size, context)
        context.plan(1)
        cover = asyncio.run(ask("benchmarks.face_cover", Comparison(clip, size), Covers, _SECONDS))
        context.step(f"{clip.name}: boxes compared")
        rows += [_speed_row(clip, size, ours, theirs), *_miss_rows(clip, cover)]
        notes.append(_note(clip, cover.after_jpeg))
    how = prose(f"""
        Speed: ours is the edge's shading path in one process: decode the clip, detect, hold, shade (solid
        boxes), encode each picture as JPEG of quality 90. Theirs is the function that the `deface`
        command runs, with the command's defaults (ONNX Runtime backend, threshold 0.2, blurred ellipses):
        decode the clip through ffmpeg, detect, shade, encode an H.264 video through ffmpeg. Both without
        start-up, both on the same two cores, at the same detection size with the same weights
        (CenterFace). Boxes: each face box that deface's CenterFace finds at that size and threshold 0.2
        is covered when at least {COVERED:.0%} of its pixels lie under our shaded regions; the others are
        misses, counted twice: with our faces looked for in the same pixels, and in the picture as the edge
        receives it, after a camera's JPEG compression of quality 90.
    """)
    return Report(
        name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows), notes=tuple(notes)
    )


def _speeds(clip: Path, size: tuple[int, int], context: Context) -> tuple[Spread, Spread]:
    done = context.interleave(
        {"penumbra": partial(_ours, clip, size), "deface": partial(_theirs, clip, size, context)},
        rounds=1 if context.quick else 2,
    )
    frames = done["penumbra"][0].frames
    return (
        spread(done["penumbra"], lambda result: result.frames / result.seconds),
        spread(done["deface"], lambda result: frames / result.seconds),
    )


def _ours(clip: Path, size: tuple[int, int]) -> Done:
    work = Work(clip=clip, extractor="shade", size=size)
    return asyncio.run(ask("benchmarks.one_process", work, Done, _SECONDS))


def _theirs(clip: Path, size: tuple[int, int], context: Context) -> Done:
    task = Clip(clip, size, context.work / "deface.mp4")
    shaded = asyncio.run(ask("benchmarks.deface_video", task, Shaded, _SECONDS))
    if shaded.backend != "onnxrt":
        raise BenchmarkError(
            f"deface ran on its slower backend, {shaded.backend}; install onnx and onnxruntime"
        )
    return Done(0, shaded.seconds, 0)


def _size(clip: Path) -> tuple[int, int]:
    capture = cv2.VideoCapture(str(clip))
    width, height = (int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    capture.release()
    if not width or not height:
        raise BenchmarkError(f"{clip} cannot be read")
    return working_size(width, height, WORKING_SIZE)


def _speed_row(clip: Path, size: tuple[int, int], ours: Spread, theirs: Spread) -> Row:
    return Row(
        what=f"{clip.name}: shaded, detection at {size[0]}×{size[1]}",
        unit="frames/s",
        ours=ours,
        theirs=theirs,
        against="deface",
        target=Target("at least", _TIMES, "ratio"),
    )


def _miss_rows(clip: Path, covers: Covers) -> list[Row]:
    found = {"looked for in the same pixels": covers.same_pixels, "after a camera's JPEG": covers.after_jpeg}
    return [
        Row(
            what=f"{clip.name}: of deface's {cover.boxes} face boxes not covered, {where}",
            unit="boxes",
            ours=Spread((float(cover.misses),)),
            target=Target("at most", 0.0, "ours", "boxes"),
            why=f"the least covered to {cover.least:.0%}" if cover.misses else "",
        )
        for where, cover in found.items()
    ]


def _note(clip: Path, cover: Cover) -> str:
    return (
        f"{clip.name}: {cover.frames} frames; on average we shade {cover.our_area:.2%} of the picture, "
        f"deface {cover.their_area:.2%} (the boxes around its ellipses)."
    )


BENCHMARK: Final = Benchmark("shading", "Shading faces: speed and coverage against deface.", _run)
