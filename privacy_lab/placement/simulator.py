"""Requests that arrive, are placed, computed and answered: Section III of Baccour et al. (2020), by events.

Memory is taken from when a request is placed until it is answered. Multiplications and bytes are counted a
period (c̄ and b̄), and are whole again when the next one begins. A request that finds no placement is tried
again then ("the system keeps trying to re-compile the rejected inferences"), and given up after some periods.
Each request has a camera of its own. What the paper leaves open (the period, how long it keeps trying) is a
parameter.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from feature_node.errors import Infeasible
from feature_node.placement.costs import Usage, usage
from feature_node.placement.model import Device, Fleet, Network
from feature_node.placement.place import place
from feature_node.placement.plan import Plan
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem, Solver

REQUESTS: Final = 320
RATE: Final = 3.0
"""λ: requests a second."""
PERIOD: Final = 10.0
PATIENCE: Final = 30
"""Periods after which a request is given up."""

_MEGA: Final = 1e6
_MEGABIT: Final = 125_000.0

_KINDS: Final = {
    # Section III: multiplications a second, memory, data rate.
    "rpi3": (560 * _MEGA, 1e9, 72.2 * _MEGABIT),
    "nexus5": (800 * _MEGA, 2e9, 72.2 * _MEGABIT),
    "stm32h7": (40 * _MEGA, 1e6, 7.2 * _MEGABIT),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A network that is asked for, and what its helpers may see of it."""

    network: Network
    caps: Caps


@dataclass(frozen=True, slots=True)
class Request:
    """One picture: when it is taken, and which subject it is for."""

    arrives: float
    subject: int


@dataclass(slots=True)
class Outcome:
    """What became of the requests.

    Attributes:
        asked: How many there were.
        rejected: Those that found no placement when they arrived.
        given_up: Those that found none in all their periods.
        seconds: Of each answered request, from its arrival to its answer.
        shared_bytes: All that was sent.
        refused: The problems at which the solver found nothing.
    """

    asked: int
    rejected: int = 0
    given_up: int = 0
    seconds: list[float] = field(default_factory=list)
    shared_bytes: float = 0.0
    refused: list[Problem] = field(default_factory=list)

    @property
    def rejected_share(self) -> float:
        """Share of the requests that found no placement when they arrived."""
        return self.rejected / max(1, self.asked)


def device(kind: str, name: str, period: float) -> Device:
    """Give a device of Section III; what it may do a period is all that fits into one."""
    speed, memory, rate = _KINDS[kind]
    return Device(
        name=name,
        memory_bytes=memory,
        multiplications_per_second=speed,
        multiplications=speed * period,
        bandwidth_bytes=rate * period,
        rate_bytes_per_second=rate,
    )


def site(mix: dict[str, int], period: float = PERIOD) -> Fleet:
    """Give so many devices of each kind, and a camera of the kind that the paper's cameras are."""
    helpers = (device(kind, f"{kind}-{n}", period) for kind, many in mix.items() for n in range(1, many + 1))
    return Fleet(source=device("rpi3", "camera", period), helpers=tuple(helpers))


def poisson(number: int, subjects: int, seed: int, rate: float = RATE) -> tuple[Request, ...]:
    """Give requests of a Poisson process, each for any of the subjects."""
    drawn = np.random.default_rng(seed)
    times = np.cumsum(drawn.exponential(1.0 / rate, number))
    which = drawn.integers(subjects, size=number)
    return tuple(Request(float(time), int(kind)) for time, kind in zip(times, which, strict=True))


def simulate(
    fleet: Fleet, subjects: Sequence[Subject], requests: Sequence[Request], solver: Solver, period: float
) -> Outcome:
    """Let every request arrive, and wait until each is answered or given up."""
    return _Simulation(fleet, subjects, solver, period).run(requests)


@final
class _Simulation:
    def __init__(self, fleet: Fleet, subjects: Sequence[Subject], solver: Solver, period: float) -> None:
        self._fleet = fleet
        self._subjects = subjects
        self._solver = solver
        self._period = period
        whole = Usage.capacities(fleet)
        self._whole = whole
        self._left = Usage(whole.memory.copy(), whole.multiplications.copy(), whole.sent.copy())
        self._hopeless: set[int] = set()
        self._waiting: list[tuple[Request, int]] = []
        self._running: list[tuple[float, int, Usage]] = []

    def run(self, requests: Sequence[Request]) -> Outcome:
        outcome = Outcome(len(requests))
        for now, request in self._moments(requests):
            self._finish(now)
            if request is None:
                self._begin_period(now, outcome)
            elif not self._start(now, request, outcome):
                outcome.rejected += 1
                self._waiting.append((request, PATIENCE))
        return outcome

    def _moments(self, requests: Sequence[Request]) -> Iterator[tuple[float, Request | None]]:
        """Give arrivals and beginnings of periods in order, periods for as long as requests wait."""
        begins = self._period
        for request in requests:
            while begins <= request.arrives:
                yield begins, None
                begins += self._period
            yield request.arrives, request
        while self._waiting:
            yield begins, None
            begins += self._period

    def _begin_period(self, now: float, outcome: Outcome) -> None:
        self._left.multiplications[:] = self._whole.multiplications
        self._left.sent[:] = self._whole.sent
        self._hopeless.clear()
        waiting, self._waiting = self._waiting, []
        for request, patience in waiting:
            if self._start(now, request, outcome):
                continue
            if patience > 1:
                self._waiting.append((request, patience - 1))
            else:
                outcome.given_up += 1

    def _finish(self, now: float) -> None:
        while self._running and self._running[0][0] <= now:
            _, _, used = heapq.heappop(self._running)
            self._left.memory[:] += used.memory
            self._hopeless.clear()

    def _start(self, now: float, request: Request, outcome: Outcome) -> bool:
        """Place a request. One that found no room finds none before something is free again."""
        if request.subject in self._hopeless:
            return False
        subject = self._subjects[request.subject]
        for free, whole in (
            (self._left.memory, self._whole.memory),
            (self._left.multiplications, self._whole.multiplications),
            (self._left.sent, self._whole.sent),
        ):
            free[0] = whole[0]  # a camera of its own
        problem = Problem.of(subject.network, self._fleet, subject.caps, "mesh", self._left)
        try:
            plan = place(subject.network, self._fleet, subject.caps, solver=self._solver, left=self._left)
        except Infeasible:
            self._hopeless.add(request.subject)
            outcome.refused.append(_kept(problem))
            return False
        self._serve(now, request, plan, outcome)
        return True

    def _serve(self, now: float, request: Request, plan: Plan, outcome: Outcome) -> None:
        subject = self._subjects[request.subject]
        used = usage(subject.network, plan.holders, plan.topology, len(self._fleet.devices))
        after = self._left.less(used)
        self._left = Usage(after.memory, after.multiplications, after.sent)
        done = now + plan.latency_seconds
        heapq.heappush(self._running, (done, len(outcome.seconds), used))
        outcome.seconds.append(done - request.arrives)
        outcome.shared_bytes += float(used.sent.sum())


def _kept(problem: Problem) -> Problem:
    left = problem.left
    copy = Usage(left.memory.copy(), left.multiplications.copy(), left.sent.copy())
    return Problem(problem.network, problem.fleet, problem.caps, problem.topology, copy)
