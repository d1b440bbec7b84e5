"""Benchmark: white-box reconstruction of many pictures side by side, against one picture after another."""

import copy
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import torch
from torch import nn

from benchmarks.harness import Benchmark, BenchmarkError, Context, Report, Row, Spread, Target, prose, spread
from benchmarks.one_picture import invert_one
from models.errors import BundleError
from models.manifest import Manifest
from models.quantise import Floats
from models.reading import load_manifest
from privacy_lab.attacks.inversion import Descent, Inversion
from privacy_lab.attacks.objective import Weights
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Images, as_images, unwatched
from privacy_lab.attacks.victim import Victim
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.data.catalogue import read_set
from privacy_lab.data.regions import regions_of
from privacy_lab.errors import BadData

_BUNDLES: Final = Path(__file__).parent.parent / "models" / "bundles"
_SETS: Final = {"face": "gender", "whole": "gtsrb10"}
_PICTURES: Final = 128
_ALONE: Final = 6
_ITERATIONS: Final = 200
_RATE: Final = 0.1
_BY: Final = Weights(smooth=0.03)
_TIMES: Final = 10.0
_SAME: Final = 0.01
_WHY: Final = prose("""
    Batching saves what each small operation costs to start, and lets both cores work; convolutions are
    then nearly three quarters of the time, and those a single picture needs as well.
""")


class Done(msgspec.Struct, frozen=True):
    """How many pictures a second were reconstructed, and how like the originals they are."""

    a_second: float
    ssim: float


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is attacked: a front, payloads it released, and the pictures they came from."""

    victim: Victim
    codes: Floats
    truth: Images

    def batched(self, pictures: int, descent: Descent) -> Done:
        """Attack the first few payloads by the lab's own inversion."""
        front = self._front()
        inversion = Inversion(front, self.victim.input, self.victim.output, self.codes, torch.device("cpu"))
        codes, start = self.codes[:pictures], inversion.neutral(pictures)
        began = time.perf_counter()
        images, _ = inversion.run(codes, start, _BY, descent, unwatched)
        return self._done(images, time.perf_counter() - began)

    def plain(self, pictures: int, steps: int) -> Done:
        """Attack the first few payloads one after the other, by the attack as it is commonly written."""
        front = self._front()
        # The lab's misfit is measured in the codes' variance; the same weights here, or results would differ.
        smooth = _BY.smooth * float(np.var(self.codes, axis=0).mean())
        began = time.perf_counter()
        images = [
            invert_one(
                front, self.codes[k : k + 1], self.victim.input, smooth=smooth, rate=_RATE, steps=steps
            )
            for k in range(pictures)
        ]
        return self._done(np.concatenate(images), time.perf_counter() - began)

    def _front(self) -> nn.Module:
        assert self.victim.front is not None
        return copy.deepcopy(self.victim.front)

    def _done(self, images: Images, seconds: float) -> Done:
        return Done(len(images) / seconds, float(score(self.truth[: len(images)], images).ssim.mean()))


def _run(context: Context) -> Report:
    iterations = _ITERATIONS // 4 if context.quick else _ITERATIONS
    together = Descent(iterations, _RATE)
    rows = [row for manifest in _embeddings() for row in _compared(manifest, together, context)]
    how = prose(f"""
        The rMLE attack on what each shipped extractor releases; {iterations} iterations a picture everywhere,
        from the same start at the same rates and weights, on {torch.get_num_threads()} threads. Ours:
        {_PICTURES} pictures in batches of {together.at_once}, the network's products in bfloat16 but for the
        last twentieth of the iterations. One picture at a time: {_ALONE} of these pictures, float32, the
        attack as it is commonly written (autograd for every term, torch's default Adam). The second row runs
        our own code on one picture at a time, in float32: that ratio is what batching and bfloat16 bring.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows))


def _compared(manifest: Manifest, together: Descent, context: Context) -> tuple[Row, ...]:
    subject, steps = _subject(manifest, context), together.iterations
    alone = Descent(steps, _RATE, at_once=1, precision="float32")
    done = context.interleave(
        {
            f"{manifest.name} side by side": partial(subject.batched, _PICTURES, together),
            f"{manifest.name} one at a time": partial(subject.plain, _ALONE, steps),
            f"{manifest.name} our code, one at a time": partial(subject.batched, _ALONE, alone),
        }
    )
    ours, plain, own = done.values()
    few = subject.batched(_ALONE, together)
    return (
        _speed(manifest, ours, plain, "one picture at a time", Target("at least", _TIMES, "ratio", "×")),
        _speed(manifest, ours, own, "our own code, one picture at a time", None),
        _quality(manifest, few, plain),
    )


def _speed(
    manifest: Manifest, ours: list[Done], theirs: list[Done], against: str, target: Target | None
) -> Row:
    height, width, _ = manifest.input.shape
    return Row(
        what=f"pictures of {height} × {width} reconstructed, {manifest.name}",
        unit="1/s",
        ours=spread(ours, lambda done: done.a_second),
        theirs=spread(theirs, lambda done: done.a_second),
        against=against,
        target=target,
        why=_WHY if target else "",
    )


def _quality(manifest: Manifest, ours: Done, theirs: list[Done]) -> Row:
    return Row(
        what=f"difference in SSIM on the same {_ALONE} pictures, {manifest.name}",
        unit="",
        ours=Spread((abs(ours.ssim - theirs[0].ssim),)),
        target=Target("at most", _SAME, "ours"),
    )


def _embeddings() -> list[Manifest]:
    manifests = [load_manifest(path) for path in sorted(_BUNDLES.iterdir())]
    return [manifest for manifest in manifests if manifest.kind == "embedding"]


def _subject(manifest: Manifest, context: Context) -> Subject:
    try:
        pictures = read_set(_SETS[manifest.region.kind], context.data)
        victim = victim_of_bundle(_BUNDLES / manifest.name)
    except (BadData, BundleError) as error:
        raise BenchmarkError(str(error)) from error
    if victim.front is None:
        raise BenchmarkError(f"{manifest.name}: its extractor has no differentiable form")
    images = regions_of(pictures, range(_PICTURES), manifest.region, manifest.input).images
    return Subject(victim, victim.release(images), as_images(images))


BENCHMARK: Final = Benchmark(
    "attack_speed", "Pictures reconstructed by the white-box attack, side by side and one at a time.", _run
)
