"""Child: what the pipeline computes for each frame of a clip, in one plain loop, with nothing between.

The classes are the product's own: detector, hold, extractor, release steps, analyzer network.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import cv2
import msgspec
import numpy as np

from benchmarks.children import own_arguments, say
from feature_node.assembly import ANSWER_THRESHOLD
from feature_node.centerface import CenterFace
from feature_node.centerface_model import cache_folder, load_model, weights_path
from feature_node.detector import WORKING_SIZE
from feature_node.extractor import Extractor, Faces
from feature_node.extractor_bundle import BundleExtractor
from feature_node.extractor_shade import SHADE_THRESHOLD, ShadeExtractor, ShadeOptions, shade_profile
from feature_node.hold import Hold
from feature_node.picture import Picture
from feature_node.protect import NumbersProtection, Origin, PictureProtection, Protect
from feature_node.release.chains import chain_of
from feature_node.threads import Threads
from models.bundle import load_analyzer, load_extractor

_HOLD: Final = (3, 0.5)


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: which clip, numbers or shaded pictures, and which bundle (None: nothing is analyzed).

    `size` is the detector's working size.
    """

    clip: Path
    extractor: Literal["bundle", "shade"]
    bundle: Path | None = None
    size: tuple[int, int] = WORKING_SIZE


class Done(msgspec.Struct, frozen=True):
    """How many frames took how long, from the first picture read to the last answer."""

    frames: int
    seconds: float
    regions: int

    @property
    def a_second(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds


async def process(work: Work) -> Done:
    """Take every frame of the clip as far as its answer, one after the other."""
    async with Threads(1) as threads:
        extractor, protect = _parts(work, threads)
        shading = work.extractor == "shade"
        detector = CenterFace(
            load_model(weights_path(), cache_folder()),
            size=work.size,
            threshold=SHADE_THRESHOLD if shading else ANSWER_THRESHOLD,
            threads=len(os.sched_getaffinity(0)),
        )
        analyze = _analyze(work)
        hold = Hold(*_HOLD)
        frames = regions = 0
        began = time.perf_counter()
        for picture in pictures_of(work.clip):
            found = detector.detect(picture)
            faces = Faces(found, hold.cover(time.time_ns(), found))
            origin = Origin("clip", 1, time.time_ns(), (picture.shape[1], picture.shape[0]))
            protected = protect.protect(await extractor.extract(picture, faces), origin)
            regions += len(protected.regions)
            analyze(protected.regions)
            frames += 1
        return Done(frames, time.perf_counter() - began, regions)


def _parts(work: Work, threads: Threads) -> tuple[Extractor, Protect]:
    if work.extractor == "shade":
        options = ShadeOptions()
        return ShadeExtractor(shade_profile(), options, threads), PictureProtection(options.style)
    assert work.bundle is not None
    bundle = load_extractor(work.bundle)
    return BundleExtractor(bundle, threads), NumbersProtection(chain_of(bundle.output, bundle.manifest.noise))


def _analyze(work: Work) -> Callable[[tuple[bytes, ...]], object]:
    if work.bundle is None:
        return len
    network = load_analyzer(work.bundle)
    return lambda payloads: network.analyze(payloads) if payloads else None


def pictures_of(clip: Path) -> Iterator[Picture]:
    """Decode a clip, picture by picture."""
    capture = cv2.VideoCapture(str(clip))
    try:
        while True:
            read, pixels = capture.read()
            if not read:
                return
            yield np.asarray(pixels, np.uint8)
    finally:
        capture.release()


if __name__ == "__main__":
    say(asyncio.run(process(own_arguments(Work))))
