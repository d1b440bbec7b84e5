"""What all benchmarks share: subjects take turns, numbers come with their spread, rows with a verdict.

Pure but for `interleave`, which calls the subjects.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, final

import msgspec

T = TypeVar("T")
Direction = Literal["at most", "at least"]


class BenchmarkError(Exception):
    """A benchmark could not be measured; the text says why."""


class Spread(msgspec.Struct, frozen=True):
    """A quantity measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The least."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The greatest."""
        return max(self.values)

    @property
    def noise(self) -> float:
        """Distance from the least to the greatest, as a share of the median; 0 where that is 0."""
        return (self.high - self.low) / abs(self.median) if self.median else 0.0


class Target(msgspec.Struct, frozen=True):
    """What a quantity, or its ratio to the other's, shall be."""

    direction: Direction
    bound: float
    of: Literal["ours", "ratio"]
    unit: str = ""

    def met_by(self, value: float) -> bool:
        """Say whether the value keeps the bound."""
        return value <= self.bound if self.direction == "at most" else value >= self.bound


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes:
        what: The quantity, in words.
        unit: Of both sides.
        ours: Measured on Penumbra.
        theirs: Measured on the other in the same rounds; None where there is none.
        against: What the other is.
        target: What shall be reached; None where nothing was promised.
        why: For a missed target, the reason; else a remark.
    """

    what: str
    unit: str
    ours: Spread
    theirs: Spread | None = None
    against: str = ""
    target: Target | None = None
    why: str = ""

    @property
    def ratio(self) -> Spread | None:
        """Ours over theirs, round by round; None without a second side."""
        return paired_ratio(self.ours, self.theirs) if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the median keeps the target; None without one."""
        if self.target is None:
            return None
        measured = self.ours if self.target.of == "ours" else self.ratio
        return measured is not None and self.target.met_by(measured.median)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one benchmark found.

    Attributes:
        name: The benchmark's name on the command line.
        promise: What it shows, one line.
        how: How it was measured, and what exactly was compared.
        rows: The measurements.
        notes: What else there is to know, such as where the time goes.
        failure: Why nothing could be measured; empty where it was.
    """

    name: str
    promise: str
    how: str = ""
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""


@final
@dataclass(frozen=True)
class Context:
    """What every benchmark is given.

    Attributes:
        data: The folder of clips.
        work: A folder for its files, removed afterwards.
        quick: Whether fewer and shorter rounds will do.
        plan: Is told how many steps are to come.
        step: Is told what was just done.
    """

    data: Path
    work: Path
    quick: bool
    plan: Callable[[int], None]
    step: Callable[[str], None]

    @property
    def rounds(self) -> int:
        """How often each subject takes its turn."""
        return 1 if self.quick else 3

    def clip(self, name: str) -> Path:
        """Give the path of a clip in the data folder.

        Raises:
            BenchmarkError: It is not there.
        """
        path = self.data / "videos" / name
        if not path.is_file():
            raise BenchmarkError(f"no clip at {path}; name the data folder with --data")
        return path

    def interleave(self, subjects: Mapping[str, Callable[[], T]], rounds: int = 0) -> dict[str, list[T]]:
        """Run the subjects in turn, A B A B, so that a slow minute of the machine harms all alike."""
        rounds = rounds or self.rounds
        self.plan(rounds * len(subjects))
        results: dict[str, list[T]] = {name: [] for name in subjects}
        for number in range(rounds):
            for name, subject in subjects.items():
                results[name].append(subject())
                self.step(f"{name}, round {number + 1} of {rounds}")
        return results


@final
@dataclass(frozen=True)
class Benchmark:
    """A benchmark by name; `run` may raise `BenchmarkError`."""

    name: str
    promise: str
    run: Callable[[Context], Report]


def prose(text: str) -> str:
    """Give a text that was written over several lines as one."""
    return " ".join(text.split())


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value below which `share` (0 to 1) of the values lie, interpolated.

    Raises:
        BenchmarkError: There are none.
    """
    if not values:
        raise BenchmarkError("nothing was measured, so it has no percentile")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def paired_ratio(ours: Spread, theirs: Spread) -> Spread:
    """Divide ours by theirs round by round; where a divisor is 0 or rounds differ, median by median."""
    same_rounds = len(ours.values) == len(theirs.values)
    if same_rounds and all(theirs.values):
        return Spread(tuple(a / b for a, b in zip(ours.values, theirs.values, strict=True)))
    return Spread((ours.median / theirs.median,) if theirs.median else (float("inf"),))


def spread(results: Sequence[T], of: Callable[[T], float]) -> Spread:
    """Collect one quantity of every round."""
    return Spread(tuple(of(result) for result in results))
