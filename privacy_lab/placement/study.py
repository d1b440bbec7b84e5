"""Measures the solvers against each other: gaps to the best, time to decide, and Section III anew."""

import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Final

import numpy as np

from feature_node.errors import Infeasible
from feature_node.placement.costs import layer_seconds
from feature_node.placement.greedy import Greedy
from feature_node.placement.ours import Ours
from feature_node.placement.privacy import caps_of
from feature_node.placement.problem import Problem, Solver
from privacy_lab.errors import PlacementUnsolved
from privacy_lab.networks.spec import NetworkName
from privacy_lab.placement.exact import Exact, can_serve
from privacy_lab.placement.instances import instances
from privacy_lab.placement.networks import SIMULATED, planned, published_table
from privacy_lab.placement.simulator import PERIOD, Outcome, Subject, poisson, simulate, site
from privacy_lab.placement.study_results import Decision, Figure, Gap, Point, Rejection, Study

Tell = Callable[[str], None]
"""Told in words what is being done."""

THRIFT: Final = 4.0
LEVELS: Final = (0.8, 0.6, 0.4)

_SCARCE: Final = {"stm32h7": 70, "rpi3": 30}
_FLEETS: Final[tuple[dict[str, int], ...]] = (
    {"rpi3": 100},
    _SCARCE,
    {"rpi3": 34, "nexus5": 33, "stm32h7": 33},
)
_SITES: Final = (30, 60, 90, 120)
_MIXES: Final = (30, 50, 70)
_CLOSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a study tries.

    Attributes:
        requests: Of each simulation.
        instances: Small instances whose best placement is proved.
        repeats: Times that each decision is timed.
        seconds: How long the exact solver may take for one answer.
        seed: Decides every random choice.
    """

    requests: int
    instances: int
    repeats: int
    seconds: float
    seed: int


def run_study(extent: Extent, tell: Tell) -> Study:
    """Measure everything, telling what is done; minutes."""
    gaps, unsolved = _gaps(extent, tell)
    return Study(
        made_by=f"penumbra {version('penumbra')}, scipy {version('scipy')}, numpy {version('numpy')}",
        machine=platform.machine(),
        seed=extent.seed,
        requests=extent.requests,
        period_seconds=PERIOD,
        thrift=THRIFT,
        gaps=gaps,
        unsolved=unsolved,
        decisions=tuple(_decisions(extent, tell)),
        rejections=tuple(_rejections(extent, tell)),
        points=tuple(_points(extent, tell)),
    )


def _gaps(extent: Extent, tell: Tell) -> tuple[tuple[Gap, ...], int]:
    solvers: tuple[Solver, ...] = (Ours(), Greedy())
    found: dict[str, list[float]] = {solver.name: [] for solver in solvers}
    missed = dict.fromkeys(found, 0)
    unsolved = 0
    for number, problem in enumerate(instances(extent.instances, extent.seed), 1):
        tell(f"best placements, {number} of {extent.instances}")
        try:
            best = _seconds(problem, Exact(extent.seconds))
        except PlacementUnsolved:
            unsolved += 1
            continue
        for solver in solvers if best is not None else ():
            seconds = _seconds(problem, solver)
            if seconds is None or best is None:
                missed[solver.name] += 1
            else:
                found[solver.name].append(seconds / best - 1)
    return tuple(_gap(name, gaps, missed[name]) for name, gaps in found.items()), unsolved


def _gap(solver: str, gaps: Sequence[float], missed: int) -> Gap:
    known = np.array(gaps or [np.nan])
    return Gap(
        solver=solver,
        instances=len(gaps),
        missed=missed,
        mean=float(known.mean()),
        median=float(np.median(known)),
        p95=float(np.quantile(known, 0.95)),
        worst=float(known.max()),
        within=float((known <= _CLOSE).mean()),
    )


def _seconds(problem: Problem, solver: Solver) -> float | None:
    try:
        holders = solver.solve(problem)
    except Infeasible:
        return None
    return float(layer_seconds(problem.network, problem.fleet, holders, problem.topology).sum())


def _decisions(extent: Extent, tell: Tell) -> Iterator[Decision]:
    subject = _subject("vgg16", 0.4)
    for mix in _FLEETS:
        problem = Problem.of(subject.network, site(mix), subject.caps, "mesh")
        for solver in (Ours(), Ours(THRIFT), Greedy()):
            name = "ours, thrifty" if isinstance(solver, Ours) and solver.thrift else solver.name
            tell(f"decisions of {name}")
            latency, times = _seconds(problem, solver), []
            for _ in range(extent.repeats):
                began = time.process_time()
                solver.solve(problem)
                times.append(1000 * (time.process_time() - began))
            yield Decision(
                mix=_mix_text(mix),
                solver=name,
                median_ms=statistics.median(times),
                worst_ms=max(times),
                latency_seconds=latency or 0.0,
            )


def _rejections(extent: Extent, tell: Tell) -> Iterator[Rejection]:
    subjects, _ = _subjects(tuple(SIMULATED), 0.4)
    requests = poisson(extent.requests, len(subjects), extent.seed)
    for solver in (Ours(THRIFT), Greedy()):
        tell(f"70 % STM32H7, 30 % Raspberry Pi, SSIM 0.4: {solver.name}")
        outcome = simulate(site(_SCARCE), subjects, requests, solver, PERIOD)
        answers = [_servable(problem, extent.seconds) for problem in outcome.refused]
        yield Rejection(
            solver=solver.name,
            asked=outcome.asked,
            rejected=outcome.rejected,
            refused=len(answers),
            servable=answers.count(True),
            unknown=answers.count(None),
        )


def _servable(problem: Problem, seconds: float) -> bool | None:
    try:
        return can_serve(problem, seconds)
    except PlacementUnsolved:
        return None


def _points(extent: Extent, tell: Tell) -> Iterator[Point]:
    everything = tuple(SIMULATED)
    for many in _SITES:
        third = many // 3
        mix = {"rpi3": third, "nexus5": third, "stm32h7": many - 2 * third}
        yield from _figure(("devices", str(many)), mix, everything, extent, tell)
    for small in _MIXES:
        yield from _figure(
            ("mix", f"{small}/{100 - small}"),
            {"stm32h7": small, "rpi3": 100 - small},
            everything,
            extent,
            tell,
        )
    for name in everything:
        yield from _figure(("network", name), _FLEETS[-1], (name,), extent, tell)


def _figure(
    where: tuple[Figure, str],
    mix: dict[str, int],
    names: Sequence[NetworkName],
    extent: Extent,
    tell: Tell,
) -> Iterator[Point]:
    for ssim in LEVELS:
        subjects, left_out = _subjects(names, ssim)
        if not subjects:
            continue
        requests = poisson(extent.requests, len(subjects), extent.seed)
        for solver in (Ours(THRIFT), Greedy()):
            tell(f"{where[0]} {where[1]}, SSIM {ssim:g}: {solver.name}")
            outcome = simulate(site(mix), subjects, requests, solver, PERIOD)
            yield _point(where, ssim, solver.name, outcome, left_out)


def _point(
    where: tuple[Figure, str], ssim: float, solver: str, outcome: Outcome, left_out: tuple[str, ...]
) -> Point:
    return Point(
        figure=where[0],
        at=where[1],
        ssim=ssim,
        solver=solver,
        asked=outcome.asked,
        rejected=outcome.rejected,
        given_up=outcome.given_up,
        mean_seconds=statistics.mean(outcome.seconds) if outcome.seconds else None,
        total_seconds=sum(outcome.seconds),
        shared_bytes=outcome.shared_bytes,
        left_out=left_out,
    )


@cache
def _subject(name: NetworkName, ssim: float) -> Subject:
    network = planned(name, SIMULATED[name])
    return Subject(network, caps_of(published_table(network), network, ssim))


def _subjects(names: Sequence[NetworkName], ssim: float) -> tuple[list[Subject], tuple[str, ...]]:
    """Give the networks that Table I lets be placed, and the names of those that it does not."""
    made = [_subject(name, ssim) for name in names]
    lawful = [subject for subject in made if _may_be_seen(subject)]
    return lawful, tuple(subject.network.name for subject in made if not _may_be_seen(subject))


def _may_be_seen(subject: Subject) -> bool:
    convolutions = zip(subject.network.layers[1:-1], subject.caps.most[1:-1], strict=True)
    return all(most > 0 for layer, most in convolutions if layer.kind == "conv")


def _mix_text(mix: dict[str, int]) -> str:
    return ", ".join(f"{many} {kind}" for kind, many in mix.items())
