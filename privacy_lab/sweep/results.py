"""Everything that a folder of finished work holds, as it goes onto the page and into its numbers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from models.certificate import Figure
from privacy_lab.sweep.points import Point, StillSweep, ordered
from privacy_lab.sweep.published import Published, published
from privacy_lab.sweep.units import Units

SCHEMA = 1


class Results(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `differential-privacy.json` holds.

    Attributes:
        schema: Of this form.
        called: How papers call each data set.
        points: Every point of every sweep.
        stills: What still cameras gave away.
        published: What is compared with.
    """

    schema: int = SCHEMA
    called: Mapping[str, str]
    points: tuple[Point, ...]
    stills: tuple[StillSweep, ...]
    published: Published

    def tasks(self) -> tuple[str, ...]:
        """Give the data sets under noise per coordinate, in the order of the recipe."""
        there = {point.task for point in self.points if point.method in ("arden", "ours")}
        return tuple(name for name in self.called if name in there)

    def cases(self, task: str) -> tuple[int, ...]:
        """Give the split cases of a data set that have points."""
        return tuple(sorted({p.case for p in self.points if p.task == task and p.case}))

    def curve(self, task: str, case: int, method: str) -> tuple[tuple[Point, ...], ...]:
        """Give the points of one curve, one group of seeds an amount of noise, the strongest noise first."""
        groups: dict[float, list[Point]] = {}
        for point in self.points:
            if (point.task, point.case, point.method) == (task, case, method):
                groups.setdefault(point.epsilon, []).append(point)
        return tuple(tuple(groups[epsilon]) for epsilon in sorted(groups))

    def joint_tasks(self) -> tuple[str, ...]:
        """Give the bundles on whose numbers a joint guarantee was tried."""
        return tuple(sorted({p.task for p in self.points if not p.case and p.method != "bundle"}))

    def noisy_bundles(self) -> tuple[str, ...]:
        """Give the bundles whose own noise was swept."""
        return tuple(sorted({point.task for point in self.points if point.method == "bundle"}))


def gather(folder: Path, called: Mapping[str, str]) -> Results:
    """Read everything that is finished in `folder`.

    Raises:
        BadData: a file there is damaged.
    """
    units = Units(folder)
    return Results(
        called=called,
        points=ordered(units.all()),
        stills=tuple(units.stills()),
        published=published(),
    )


def encode_results(results: Results) -> bytes:
    """Give the results as JSON for people and programs, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(results, order="deterministic"), indent=2) + b"\n"


def mean(group: tuple[Point, ...], of: Callable[[Point], float]) -> float:
    """Give the mean over the seeds of one amount of noise."""
    return sum(map(of, group)) / len(group)


def seen(group: tuple[Point, ...], attack: str, figure: str) -> float | None:
    """Give one attack's figure, the mean over seeds; None where it was not made with each."""
    found = [record for record in (point.attack(attack) for point in group) if record is not None]
    if len(found) != len(group):
        return None
    figures: list[Figure] = [getattr(record, figure) for record in found]
    return sum(one.value for one in figures) / len(figures)


def strongest_ssim(group: tuple[Point, ...]) -> float | None:
    """Give the SSIM of the strongest attack on one release, the mean over seeds; None where none was made."""
    found = [record for record in (point.strongest for point in group) if record is not None]
    return sum(record.ssim.value for record in found) / len(found) if len(found) == len(group) else None
