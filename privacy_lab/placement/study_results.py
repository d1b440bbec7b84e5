"""What a study of placements found: frozen values that are written as JSON and read by the page."""

from typing import Literal

import msgspec

from privacy_lab.placement.collusion import CollusionAttacked

Figure = Literal["devices", "mix", "network"]


class Solved(msgspec.Struct, frozen=True, kw_only=True):
    """One small instance.

    Attributes:
        proved: Whether the exact solver finished in its time.
        best: Seconds of the best placement; None where there is no placement, or that is not known.
        found: Seconds of each other solver's placement; None where it found none.
    """

    proved: bool
    best: float | None
    found: dict[str, float | None]


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """How much longer a solver's placements take than the best ones, as shares of those; None of none.

    Attributes:
        solver: Which.
        instances: Where both found a placement.
        missed: Where the solver found none though there is one.
        mean: Over the instances.
        median: Over the instances.
        p95: Of a hundred, five are worse.
        worst: The largest.
        within: Share of the instances within 5 %.
    """

    solver: str
    instances: int
    missed: int
    mean: float | None
    median: float | None
    p95: float | None
    worst: float | None
    within: float | None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How long a solver takes for VGG-16 on 100 devices, in milliseconds of one core."""

    mix: str
    solver: str
    median_ms: float
    worst_ms: float
    latency_seconds: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One simulation of a figure.

    Attributes:
        figure: Which of the pairs of Fig. 3.
        at: Where on its axis.
        ssim: The privacy asked for.
        solver: Who placed.
        asked: Requests.
        rejected: Those that found no placement when they arrived.
        given_up: Those that never did.
        mean_seconds: From arrival to answer, waiting included; null if none was answered.
        total_seconds: Their sum.
        shared_bytes: All that was sent.
        left_out: Networks that no placement may serve at this privacy.
    """

    figure: Figure
    at: str
    ssim: float
    solver: str
    asked: int
    rejected: int
    given_up: int
    mean_seconds: float | None
    total_seconds: float
    shared_bytes: float
    left_out: tuple[str, ...] = ()


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """What a solver refused at 70 % STM32H7 and 30 % Raspberry Pi, and whether it had to.

    Attributes:
        solver: Who placed.
        asked: Requests.
        rejected: Those without a placement when they arrived.
        refused: Times that the solver was asked and found nothing.
        servable: Of those, where the exact solver proves that there is a placement.
        unknown: Of those, where it did not finish.
    """

    solver: str
    asked: int
    rejected: int
    refused: int
    servable: int
    unknown: int


class BesideCell(msgspec.Struct, frozen=True, kw_only=True):
    """So many maps of one layer: the similarity printed in Table I, and ours where it was measured."""

    maps: int
    published: float
    measured: float | None


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """One row of Table I.

    Attributes:
        called: The data set, as they name it.
        network: Our name of the network.
        layer: The layer that gives the maps, as printed.
        data: What it was measured on here; empty where it was not.
        cells: Fewest maps first.
    """

    called: str
    network: str
    layer: str
    data: str
    cells: tuple[BesideCell, ...]


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, with what it was made from."""

    schema: Literal[1] = 1
    made_by: str
    machine: str
    seed: int
    requests: int
    instances: int
    period_seconds: float
    thrift: float
    gaps: tuple[Gap, ...]
    unsolved: int
    decisions: tuple[Decision, ...]
    rejections: tuple[Rejection, ...]
    points: tuple[Point, ...]
    beside: tuple[Beside, ...] = ()
    collusion: tuple[CollusionAttacked, ...] = ()


def encode_study(study: Study) -> bytes:
    """Give the study as JSON, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(study, order="deterministic"), indent=1) + b"\n"
