"""Many requests at one site: whom each solver refuses, and Section III of Baccour et al. (2020) anew."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from feature_node.placement.greedy import Greedy
from feature_node.placement.ours import Ours
from feature_node.placement.problem import Problem, Solver
from privacy_lab.errors import PlacementUnsolved
from privacy_lab.networks.spec import NetworkName
from privacy_lab.placement.exact import can_serve
from privacy_lab.placement.networks import SIMULATED
from privacy_lab.placement.simulator import PERIOD, poisson, simulate, site
from privacy_lab.placement.study_extent import FLEETS, SCARCE, THRIFT, Extent, lawful
from privacy_lab.placement.study_pieces import Piece
from privacy_lab.placement.study_results import Figure, Point, Rejection

LEVELS: Final = (0.8, 0.6, 0.4)
_SCARCE_SSIM: Final = 0.4
_SITES: Final = (30, 60, 90, 120)
_MIXES: Final = (30, 50, 70)
_EVERYTHING: Final = tuple(SIMULATED)

_Mix = dict[str, int]


def _solvers() -> tuple[Solver, ...]:
    return (Ours(THRIFT), Greedy())


def rejection_pieces(extent: Extent) -> list[Piece[Rejection]]:
    """Give a piece a solver: what it refuses at 70 % STM32H7 and 30 % Raspberry Pi, and whether it had to."""

    def piece(solver: Solver) -> Piece[Rejection]:
        return Piece(
            f"70 % STM32H7, 30 % Raspberry Pi, SSIM 0.4: {solver.name}",
            (solver.name, extent.requests, extent.seed, extent.seconds, THRIFT, PERIOD),
            Rejection,
            lambda: _rejection(solver, extent),
        )

    return [piece(solver) for solver in _solvers()]


def _rejection(solver: Solver, extent: Extent) -> Rejection:
    subjects, _ = lawful(_EVERYTHING, _SCARCE_SSIM)
    requests = poisson(extent.requests, len(subjects), extent.seed)
    outcome = simulate(site(SCARCE), subjects, requests, solver, PERIOD)
    answers = [_servable(problem, extent.seconds) for problem in outcome.refused]
    return Rejection(
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


def point_pieces(extent: Extent) -> list[Piece[Point]]:
    """Give a piece a simulation of figures 3(a) to 3(f)."""
    pieces: list[Piece[Point]] = []
    for many in _SITES:
        third = many // 3
        mix = {"rpi3": third, "nexus5": third, "stm32h7": many - 2 * third}
        pieces += _figure(_Spot("devices", str(many), mix, _EVERYTHING), extent)
    for small in _MIXES:
        mix = {"stm32h7": small, "rpi3": 100 - small}
        pieces += _figure(_Spot("mix", f"{small}/{100 - small}", mix, _EVERYTHING), extent)
    for name in _EVERYTHING:
        pieces += _figure(_Spot("network", name, FLEETS[-1], (name,)), extent)
    return pieces


@dataclass(frozen=True, slots=True)
class _Spot:
    """One place on the axis of a figure: who is there, and what is asked for."""

    figure: Figure
    at: str
    mix: _Mix
    names: Sequence[NetworkName]


def _figure(spot: _Spot, extent: Extent) -> Iterator[Piece[Point]]:
    def piece(ssim: float, solver: Solver) -> Piece[Point]:
        told = (spot.figure, spot.at, spot.mix, spot.names, ssim)
        return Piece(
            f"{spot.figure} {spot.at}, SSIM {ssim:g}: {solver.name}",
            (*told, solver.name, extent.requests, extent.seed, THRIFT, PERIOD),
            Point,
            lambda: _point(spot, ssim, solver, extent),
        )

    for ssim in LEVELS:
        if lawful(spot.names, ssim)[0]:
            yield from (piece(ssim, solver) for solver in _solvers())


def _point(spot: _Spot, ssim: float, solver: Solver, extent: Extent) -> Point:
    subjects, left_out = lawful(spot.names, ssim)
    requests = poisson(extent.requests, len(subjects), extent.seed)
    outcome = simulate(site(spot.mix), subjects, requests, solver, PERIOD)
    return Point(
        figure=spot.figure,
        at=spot.at,
        ssim=ssim,
        solver=solver.name,
        asked=outcome.asked,
        rejected=outcome.rejected,
        given_up=outcome.given_up,
        mean_seconds=statistics.mean(outcome.seconds) if outcome.seconds else None,
        total_seconds=sum(outcome.seconds),
        shared_bytes=outcome.shared_bytes,
        left_out=left_out,
    )
