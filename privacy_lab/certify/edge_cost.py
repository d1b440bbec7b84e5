"""What the edge's half costs on a device, beside the whole network: every figure from fresh processes."""

import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import msgspec
from scipy import stats

from models.certificate import DeviceCost, EdgeCost, Figure, Interval
from models.manifest import Manifest
from privacy_lab.certify.edge_child import Engine, Taken, Task
from privacy_lab.certify.whole import trivial_network, whole_network
from privacy_lab.errors import MeasureFailed

REPETITIONS: Final = 7
"""Of which the least and the greatest hold the median with more than 95 %."""
_CHILD: Final = (sys.executable, "-P", "-m", "privacy_lab.certify.edge_child")
_SECONDS: Final = 300
_CONFIDENCE: Final = 0.95

Watch = Callable[[int, int], None]
"""Is told how many processes of how many have ended."""
Costs = dict[str, Figure]
"""The five figures of a `DeviceCost` by name."""


def _unwatched(done: int, of: int) -> None:
    """Tell nobody."""


@final
@dataclass(frozen=True)
class Subject:
    """A network to put on a device: ONNX bytes, and what runs them."""

    engine: Engine
    model: bytes
    gives: tuple[int, ...]


def edge_cost(
    manifest: Manifest,
    extractor: bytes,
    analyzer: bytes,
    *,
    repetitions: int = REPETITIONS,
    torch: bool = True,
    watch: Watch = _unwatched,
) -> tuple[EdgeCost, dict[str, Interval]]:
    """Measure the extractor beside the whole network; with `torch` also as a provider would place it.

    Returns:
        Medians, and their 95 % intervals under the names that a certificate gives them.

    Raises:
        MeasureFailed: The halves do not fit, or a network does not run in a process of its own.
    """
    whole, labels = whole_network(extractor, analyzer), (len(manifest.labels),)
    subjects = {
        "extractor": extractor_of(manifest, extractor),
        "whole": Subject("onnxruntime", whole, labels),
    }
    if torch:
        subjects["whole_torch"] = Subject("torch", whole, labels)
    found = measure(subjects, _takes(manifest), repetitions=repetitions, watch=watch)
    costs = {side: as_cost(figures) for side, figures in found.items()}
    intervals = {
        f"edge.{side}.{name}": (figure.low, figure.high)
        for side, figures in found.items()
        for name, figure in figures.items()
    }
    whole_torch = costs.get("whole_torch")
    return EdgeCost(extractor=costs["extractor"], whole=costs["whole"], whole_torch=whole_torch), intervals


def extractor_cost(
    manifest: Manifest,
    extractor: bytes,
    *,
    repetitions: int = REPETITIONS,
    watch: Watch = _unwatched,
) -> Costs:
    """Measure the edge's half alone, as someone can who holds nothing else.

    Raises:
        MeasureFailed: It does not run in a process of its own.
    """
    subjects = {"extractor": extractor_of(manifest, extractor)}
    return measure(subjects, _takes(manifest), repetitions=repetitions, watch=watch)["extractor"]


def extractor_of(manifest: Manifest, extractor: bytes) -> Subject:
    """The edge's half as the run time holds it.

    Raises:
        MeasureFailed: It is a bundle of pictures, which has none.
    """
    if manifest.output is None:
        raise MeasureFailed(f"{manifest.name}: takes a censored picture and has no extractor to measure")
    return Subject("onnxruntime", extractor, manifest.output.shape)


def measure(
    subjects: Mapping[str, Subject], takes: tuple[int, int, int], *, repetitions: int, watch: Watch
) -> dict[str, Costs]:
    """Put each subject into fresh processes, by turns, so that what else the machine does meets all alike.

    Raises:
        MeasureFailed: A network does not run in a process of its own.
    """
    own: dict[str, list[Taken]] = {name: [] for name in subjects}
    total: dict[str, list[Taken]] = {name: [] for name in subjects}
    of = 2 * len(subjects) * repetitions
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "trivial.onnx"
        warm.write_bytes(trivial_network(takes))
        tasks = {
            name: _task(subject, takes, Path(folder) / f"{name}.onnx") for name, subject in subjects.items()
        }
        for turn in range(repetitions):
            for place, (name, task) in enumerate(tasks.items()):
                total[name].append(_ask(task))
                own[name].append(_ask(msgspec.structs.replace(task, warm=str(warm))))
                watch(2 * (turn * len(tasks) + place + 1), of)
    return {name: _figures(own[name], total[name]) for name in subjects}


def as_cost(figures: Costs) -> DeviceCost:
    """Keep the medians."""
    return DeviceCost(**{name: figure.value for name, figure in figures.items()})


def median_of(values: Sequence[float]) -> Figure:
    """Give the median with its interval by order statistics, which asks nothing of the distribution.

    The k-th least and k-th greatest of n hold the median unless fewer than k lie on one side of it, which has
    the probability 2·P(Binomial(n, 1/2) < k). With fewer than 6 values not even the extremes reach 95 %.
    """
    ordered = sorted(values)
    n = len(ordered)
    k = max(1, int(stats.binom.ppf((1 - _CONFIDENCE) / 2, n, 0.5)))
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return Figure(middle, ordered[k - 1], ordered[n - k])


def _takes(manifest: Manifest) -> tuple[int, int, int]:
    return manifest.input.channels, manifest.input.height, manifest.input.width


def _task(subject: Subject, takes: tuple[int, int, int], path: Path) -> Task:
    path.write_bytes(subject.model)
    return Task(subject.engine, str(path), takes, subject.gives, None)


def _figures(own: Sequence[Taken], total: Sequence[Taken]) -> Costs:
    return {
        "load_seconds": median_of([taken.load_seconds for taken in own]),
        "resident_mib": median_of([taken.resident_mib for taken in own]),
        "milliseconds_a_region": median_of([taken.milliseconds_a_region for taken in (*own, *total)]),
        "process_load_seconds": median_of([taken.load_seconds for taken in total]),
        "process_resident_mib": median_of([taken.resident_mib for taken in total]),
    }


def _ask(task: Task) -> Taken:
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter and a module of this package
            _CHILD, input=msgspec.json.encode(task), capture_output=True, timeout=_SECONDS, check=True
        )
        taken = msgspec.json.decode(done.stdout, type=Taken)
    except subprocess.CalledProcessError as error:
        last = (error.stderr.decode(errors="replace").strip().splitlines() or ["nothing"])[-1]
        raise MeasureFailed(
            f"{Path(task.model).stem}: does not run in a process of its own: {last}"
        ) from error
    except (subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise MeasureFailed(
            f"{Path(task.model).stem}: a process of its own gives no answer: {error}"
        ) from error
    if not math.isfinite(taken.load_seconds + taken.resident_mib + taken.milliseconds_a_region):
        raise MeasureFailed(f"{Path(task.model).stem}: a process of its own answers {taken}")
    return taken
