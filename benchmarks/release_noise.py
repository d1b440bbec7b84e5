"""Benchmark: what noise adds to the release of one region, by mechanism and how many numbers it has."""

import time
from functools import partial
from typing import Final

import numpy as np

from benchmarks.harness import Benchmark, Context, Report, Row, Spread, Target, prose
from feature_node.release.chains import chain_of
from feature_node.release.mechanism import Mechanism
from feature_node.release.nullify import nullified
from models.manifest import NoiseSpec, OutputSpec

_NUMBERS: Final = (8, 16, 64)
_WORDS: Final = 10
_RELEASES: Final = 500
_ROUNDS: Final = 7
_MOST_MS: Final = 0.5
_BOUND: Final = 3.0


def _run(context: Context) -> Report:
    rows = [row for numbers in _NUMBERS for row in _rows(context, numbers)]
    how = prose(f"""
        The release steps of one region at a time, {_RELEASES} releases a round, with noise (bounded, noised,
        stored as int8) and without (clipped, stored); shown is the difference of the two, round by round, in
        time of one core: nothing in it waits, and what else the machine does is not counted.
        Joint noise is at epsilon_joint 8, delta 1e-5, the response over {_WORDS} words, noise as published at
        epsilon_per_coordinate 200. Up to 16 numbers come from OpenDP's samplers, more from an inverse
        transform.
    """)
    return Report(
        name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=(*rows, _nullification(context))
    )


def _specs(numbers: int) -> tuple[NoiseSpec, ...]:
    drawn = np.random.default_rng(0).integers(-127, 128, (_WORDS, numbers))
    words = tuple(tuple(int(step) for step in word) for word in drawn)
    return (
        NoiseSpec(mechanism="laplace", bound=_BOUND, epsilon_per_coordinate=200.0),
        NoiseSpec(mechanism="laplace-l1", bound=_BOUND, epsilon_joint=8.0),
        NoiseSpec(mechanism="gaussian-l2", bound=_BOUND, epsilon_joint=8.0, delta=1e-5),
        NoiseSpec(mechanism="response", epsilon_joint=8.0, codebook=words),
    )


def _rows(context: Context, numbers: int) -> list[Row]:
    output = OutputSpec("int8", (numbers,), 4.0, 4.0 / 127)
    region = np.random.default_rng(1).normal(0, 1, (1, numbers)).astype(np.float32)
    chains = {"": chain_of(output)} | {spec.mechanism: chain_of(output, spec) for spec in _specs(numbers)}
    took = context.interleave(
        {name: partial(_milliseconds, chain, region) for name, chain in chains.items()},
        rounds=2 if context.quick else _ROUNDS,
    )
    plain = took.pop("")
    return [
        Row(
            what=f"{chains[name].name}, {numbers} numbers: added to a region",
            unit="ms",
            ours=Spread(tuple(noisy - bare for noisy, bare in zip(measured, plain, strict=True))),
            target=Target("at most", _MOST_MS, "ours", "ms"),
        )
        for name, measured in took.items()
    ]


def _milliseconds(chain: Mechanism, region: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    chain.apply(region)
    began = time.thread_time()
    for _ in range(_RELEASES):
        chain.apply(region)
    return 1000 * (time.thread_time() - began) / _RELEASES


def _nullification(context: Context) -> Row:
    picture = np.ones((1, 3, 64, 64), np.float32)

    def once() -> float:
        began = time.thread_time()
        for _ in range(_RELEASES // 5):
            nullified(picture, 0.05)
        return 5000 * (time.thread_time() - began) / _RELEASES

    (took,) = context.interleave({"nullification": once}, rounds=2 if context.quick else _ROUNDS).values()
    return Row(what="5 % of a region of 64×64 pixels nullified", unit="ms", ours=Spread(tuple(took)))


BENCHMARK: Final = Benchmark("release_noise", "What noise adds to the release of one region.", _run)
