"""Which amount of noise to use: the least epsilon whose loss and whose reconstructions are small enough."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from privacy_lab.errors import BadData
from privacy_lab.sweep.points import Method, Point, Sweep

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must hold.

    Attributes:
        max_loss: Most percentage points lost against the same method without noise.
        max_ssim: Highest SSIM of the strongest attack.
        over_floor: Whether `max_ssim` counts from the floor, which whoever reads the answer has anyway.
    """

    max_loss: float
    max_ssim: float
    over_floor: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One amount of noise under one method and case, over its seeds.

    Attributes:
        method: The method.
        case: The paper's case, or 0.
        epsilon: The amount, of the kind that the mechanism takes.
        per_coordinate: Whether that is a guarantee of one number alone.
        epsilon_joint: That of all numbers of a region together.
        accuracy: Share answered rightly, the mean over seeds.
        loss: Percentage points lost, the mean over seeds.
        ssim: Of the strongest attack, the mean over seeds; None where none was made.
        ssim_high: The upper end of its interval, the highest of the seeds'.
        floor: SSIM of the mean picture of the answer.
        attack: The strongest attack.
        seeds: How many.
    """

    method: Method
    case: int
    epsilon: float
    per_coordinate: bool
    epsilon_joint: float
    accuracy: float
    loss: float
    ssim: float | None
    ssim_high: float | None
    floor: float | None
    attack: str
    seeds: int

    def holds(self, wanted: Wanted) -> bool:
        """Say whether everything wanted was measured and holds."""
        # What is lost is a difference of floats: a loss of just what is allowed holds.
        return self.miss(wanted) <= _ROUNDING

    def miss(self, wanted: Wanted) -> float:
        """Give by how much the worse of the two fails, as a share of what is allowed; 0 or less: it holds."""
        ssim = self._ssim(wanted)
        if ssim is None:
            return float("inf")
        loss = (self.loss - wanted.max_loss) / max(wanted.max_loss, 0.1)
        return max(loss, (ssim - wanted.max_ssim) / max(wanted.max_ssim, 0.01))

    def _ssim(self, wanted: Wanted) -> float | None:
        if not wanted.over_floor:
            return self.ssim
        return None if self.ssim is None or self.floor is None else self.ssim - self.floor


@dataclass(frozen=True, slots=True)
class Advice:
    """What to use, or what comes nearest; and everything that was weighed, the least noise last.

    Attributes:
        chosen: The evidence for what to use; None where nothing holds.
        nearest: What comes nearest; the chosen one where there is one. None: no attack was made at all.
        evidence: All of it.
    """

    chosen: Evidence | None
    nearest: Evidence | None
    evidence: tuple[Evidence, ...]


def recommend(
    sweep: Sweep,
    subject: str,
    wanted: Wanted,
    *,
    bundle: str = "",
    method: Method | None = None,
    case: int | None = None,
) -> Advice:
    """Choose among the points of a bundle, or of a task where `bundle` is empty.

    Args:
        sweep: All points there are.
        subject: The bundle's name or the task's: what people call it.
        wanted: What must hold.
        bundle: The bundle's id.
        method: One method alone.
        case: One of the paper's cases alone.

    Raises:
        BadData: the sweep has no such point; the text names what it has points of.
    """

    def meant(point: Point) -> bool:
        of = point.bundle == bundle if bundle else point.task == subject
        return of and method in (None, point.method) and case in (None, point.case)

    points = [point for point in sweep.points if meant(point)]
    if not points:
        raise BadData(f"{subject}: the sweep has no such points. {_there(sweep)}")
    evidence = tuple(sorted(_gathered(points), key=lambda found: (found.epsilon_joint, found.loss)))
    fitting = [found for found in evidence if found.holds(wanted)]
    measured = [found for found in evidence if found.ssim is not None]
    chosen = min(fitting, key=_protecting, default=None)
    nearest = chosen or min(measured, key=lambda found: found.miss(wanted), default=None)
    return Advice(chosen, nearest, evidence)


def _protecting(found: Evidence) -> tuple[bool, float, float]:
    # A guarantee for all numbers together comes first; then the least epsilon, then the least loss.
    return (found.per_coordinate, found.epsilon_joint, found.loss)


def _gathered(points: Sequence[Point]) -> list[Evidence]:
    groups: dict[tuple[Method, int, float], list[Point]] = {}
    for point in points:
        groups.setdefault((point.method, point.case, point.epsilon), []).append(point)
    return [_evidence(group) for group in groups.values()]


def _evidence(group: Sequence[Point]) -> Evidence:
    first = group[0]
    strongest = [found for found in (point.strongest for point in group) if found is not None]
    whole = len(strongest) == len(group)  # with seeds that were not attacked, the mean would be of the others
    floors = [point.floor.value for point in group if point.floor is not None]
    return Evidence(
        method=first.method,
        case=first.case,
        epsilon=first.epsilon,
        per_coordinate=first.epsilon_per_coordinate is not None,
        epsilon_joint=first.epsilon_joint,
        accuracy=_mean(group, lambda point: point.accuracy.value),
        loss=_mean(group, lambda point: point.loss),
        ssim=sum(found.ssim.value for found in strongest) / len(strongest) if whole else None,
        ssim_high=max(found.ssim.high for found in strongest) if whole else None,
        floor=sum(floors) / len(floors) if floors else None,
        attack=max(strongest, key=lambda found: found.ssim.value).attack if whole else "",
        seeds=len(group),
    )


def _mean(group: Sequence[Point], of: Callable[[Point], float]) -> float:
    return sum(map(of, group)) / len(group)


def _there(sweep: Sweep) -> str:
    tasks = sorted({point.task for point in sweep.points})
    if not tasks:
        return "It is empty: run penumbra lab sweep"
    return f"It has points of {', '.join(tasks)}; penumbra lab sweep --bundle adds a bundle's"
