"""The solvers by themselves: how far from the best placement they are, and how long they take to decide."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from feature_node.errors import Infeasible
from feature_node.placement.costs import layer_seconds
from feature_node.placement.greedy import Greedy
from feature_node.placement.ours import Ours
from feature_node.placement.problem import Problem, Solver
from privacy_lab.errors import PlacementUnsolved
from privacy_lab.placement.exact import Exact
from privacy_lab.placement.instances import instances
from privacy_lab.placement.simulator import site
from privacy_lab.placement.study_extent import FLEETS, THRIFT, Extent, subject_of
from privacy_lab.placement.study_pieces import Piece
from privacy_lab.placement.study_results import Decision, Gap, Solved

_CLOSE: Final = 0.05
_SSIM: Final = 0.4


def solved_pieces(extent: Extent) -> list[Piece[Solved]]:
    """Give a piece a small instance: the best placement, proved, and those of the other solvers."""

    def piece(number: int, problem: Problem) -> Piece[Solved]:
        return Piece(
            f"best placements, {number} of {extent.instances}",
            (number, extent.seed, extent.seconds),
            Solved,
            lambda: _solved(problem, extent.seconds),
        )

    return [piece(number, each) for number, each in enumerate(instances(extent.instances, extent.seed), 1)]


def _solved(problem: Problem, seconds: float) -> Solved:
    try:
        best = _seconds(problem, Exact(seconds))
    except PlacementUnsolved:
        return Solved(proved=False, best=None, found={})
    solvers: tuple[Solver, ...] = (Ours(), Greedy()) if best is not None else ()
    found = {solver.name: _seconds(problem, solver) for solver in solvers}
    return Solved(proved=True, best=best, found=found)


def gaps_of(solved: Sequence[Solved]) -> tuple[Gap, ...]:
    """Sum up, solver by solver, how much longer its placements take than the best."""
    known = [one for one in solved if one.best is not None]
    return tuple(_gap(name, known) for name in (Ours().name, Greedy().name))


def _gap(solver: str, solved: Sequence[Solved]) -> Gap:
    pairs = [(one.found[solver], one.best) for one in solved if solver in one.found]
    gaps = [seconds / best - 1 for seconds, best in pairs if seconds is not None and best is not None]
    known = np.array(gaps)

    def of(figure: Callable[[npt.NDArray[np.float64]], Any]) -> float | None:
        return float(figure(known)) if gaps else None

    return Gap(
        solver=solver,
        instances=len(gaps),
        missed=len(pairs) - len(gaps),
        mean=of(np.mean),
        median=of(np.median),
        p95=of(lambda known: np.quantile(known, 0.95)),
        worst=of(np.max),
        within=of(lambda known: np.mean(known <= _CLOSE)),
    )


def _seconds(problem: Problem, solver: Solver) -> float | None:
    try:
        holders = solver.solve(problem)
    except Infeasible:
        return None
    return float(layer_seconds(problem.network, problem.fleet, holders, problem.topology).sum())


def decision_pieces(extent: Extent) -> list[Piece[Decision]]:
    """Give a piece a solver and site: how long it takes to place VGG-16 on 100 helpers."""

    def piece(mix: dict[str, int], name: str, solver: Solver) -> Piece[Decision]:
        return Piece(
            f"decisions of {name}",
            (mix, name, extent.repeats, THRIFT),
            Decision,
            lambda: _decision(mix, name, solver, extent.repeats),
        )

    named: tuple[tuple[str, Solver], ...] = (
        (Ours().name, Ours()),
        ("ours, thrifty", Ours(THRIFT)),
        (Greedy().name, Greedy()),
    )
    return [piece(mix, name, solver) for mix in FLEETS for name, solver in named]


def _decision(mix: dict[str, int], name: str, solver: Solver, repeats: int) -> Decision:
    subject = subject_of("vgg16", _SSIM)
    problem = Problem.of(subject.network, site(mix), subject.caps, "mesh")
    latency, times = _seconds(problem, solver), []
    for _ in range(repeats):
        began = time.process_time()
        solver.solve(problem)
        times.append(1000 * (time.process_time() - began))
    return Decision(
        mix=", ".join(f"{many} {kind}" for kind, many in mix.items()),
        solver=name,
        median_ms=statistics.median(times),
        worst_ms=max(times),
        latency_seconds=latency or 0.0,
    )
