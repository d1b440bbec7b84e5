"""What `penumbra lab sweep` does once its flags are read: networks, bundles, or a still camera."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, final

from rich import progress
from rich.console import Console
from rich.table import Table

from models.catalogue import find
from models.reading import load_manifest
from penumbra.lab_material import read_material

if TYPE_CHECKING:
    import torch

    from privacy_lab.data.material import Material
    from privacy_lab.sweep.plan import SweepPlan
    from privacy_lab.sweep.points import Point, StillSweep
    from privacy_lab.sweep.recipe import SweepRecipe


Watch = Callable[[int, int, str], None]
"""Told how many pieces of work are done, of how many, and what is done now."""


def unseen(done: int, of: int, what: str) -> None:
    """Let the sweep go on unseen."""


@dataclass(frozen=True, slots=True)
class Where:
    """Folders and device of one sweep, and who is told how it goes."""

    data: Path
    out: Path
    device: "torch.device"
    processes: int
    threads: int
    own: bool = False
    watch: Watch = unseen


@final
class SweepBar:
    """Shows how many points there are of how many, and what is being done; used as `with`."""

    def __init__(self, console: Console) -> None:
        self._bar = progress.Progress(
            progress.BarColumn(20),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TextColumn("{task.description}"),
            console=console,
        )
        self._task = self._bar.add_task("reading pictures", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def watch(self, done: int, of: int, what: str) -> None:
        """See `privacy_lab.sweep.run.Watch`."""
        self._bar.update(self._task, completed=done, total=of, description=what)


def sweep_networks(plan: "SweepPlan", where: Where) -> "tuple[Point, ...]":
    """Make every point of a plan."""
    from privacy_lab.sweep.run import Job, run_sweep  # noqa: PLC0415 - quick --help

    job = Job(plan, where.data, where.out, str(where.device), where.threads)
    return run_sweep(job, processes=where.processes, watch=where.watch)


def sweep_joint(
    recipe: "SweepRecipe", bundles: Sequence[str], epsilons: Sequence[float], seeds: int, where: Where
) -> "Iterator[Point]":
    """Try every mechanism with a joint guarantee on the numbers of each bundle."""
    from privacy_lab.sweep.joint import MECHANISMS, JointBench, JointTask  # noqa: PLC0415 - quick --help

    each = len(MECHANISMS) * len(epsilons) * seeds
    for number, name in enumerate(bundles):
        path = find(name)
        bench = JointBench(path, _material(path, where), folder=where.out, delta=recipe.delta)
        tasks = [
            JointTask(mechanism, epsilon, recipe.seed + seed)
            for mechanism in MECHANISMS
            for epsilon in epsilons
            for seed in range(seeds)
        ]
        for done, task in enumerate(tasks, 1):
            yield bench.make(task)
            said = f"{bench.title}, {task.mechanism}, joint epsilon {task.epsilon_joint:g}"
            where.watch(number * each + done, each * len(bundles), said)
        bench.units.write_results()


def sweep_bundle(
    bundle: str, epsilons: Sequence[float], seeds: int, images: int, where: Where
) -> "Iterator[Point]":
    """Try other amounts of a bundle's own noise."""
    from privacy_lab.sweep.bundle import BundleBench, BundleTask  # noqa: PLC0415 - quick --help

    path = find(bundle)
    bench = BundleBench(path, _material(path, where), folder=where.out, images=images, device=where.device)
    tasks = [BundleTask(epsilon, seed) for epsilon in epsilons for seed in range(seeds)]
    for done, task in enumerate(tasks):
        said = f"{path.stem}, epsilon {task.epsilon:g}, seed {task.seed}"
        yield bench.make(task, _telling(where.watch, done, len(tasks), said))
    where.watch(len(tasks), len(tasks), path.stem)
    bench.units.write_results()


def sweep_frames(
    bundle: str, frames: Sequence[int], images: int, sensor: float, where: Where
) -> "StillSweep":
    """Watch a still camera, and keep what that gave away."""
    from privacy_lab.attacks.reconstructions import Settings  # noqa: PLC0415 - quick --help
    from privacy_lab.sweep.still import sweep_still  # noqa: PLC0415 - as above
    from privacy_lab.sweep.units import Units  # noqa: PLC0415 - as above

    path = find(bundle)
    where.watch(0, 1, f"{path.stem}, up to {max(frames)} frames of a still camera")
    found = sweep_still(
        path,
        _material(path, where),
        frames=tuple(sorted({1, *frames})),
        images=images,
        sensor=sensor,
        settings=Settings(),
        seed=0,
        device=where.device,
    )
    Units(where.out).keep_still(found)
    where.watch(1, 1, path.stem)
    return found


_COLUMNS: Final = ("epsilon", "joint", "right", "lost", "SSIM", "floor", "attack")


def points_table(points: "Sequence[Point]") -> Table:
    """Give one row a point: how often it is answered rightly, and how well its pictures are seen."""
    from privacy_lab.sweep.points import amount_text  # noqa: PLC0415 - quick --help

    table = Table("sweep", box=None)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for point in points:
        best, case = point.strongest, f" case {point.case}" if point.case else ""
        table.add_row(
            f"{point.task}{case}, {point.method}",
            amount_text(point.epsilon),
            amount_text(point.epsilon_joint),
            f"{100 * point.accuracy.value:.1f} %",
            f"{point.loss:.1f}",
            f"{best.ssim.value:.3f}" if best else "",
            f"{point.floor.value:.3f}" if point.floor else "",
            best.attack if best else "",
        )
    return table


def frames_table(found: "StillSweep") -> Table:
    """Give one row a number of frames: what is seen where noise is drawn anew, and where it is memoised."""
    table = Table(f"{found.task}, frames", box=None)
    table.add_column("noise drawn anew, SSIM", justify="right")
    table.add_column("memoised, SSIM (draws)", justify="right")
    fresh = {row.frames: row for row in found.rows if not row.memoised}
    for row in (row for row in found.rows if row.memoised):
        table.add_row(
            str(row.frames), f"{fresh[row.frames].ssim.value:.3f}", f"{row.ssim.value:.3f} ({row.draws})"
        )
    return table


def write_report(folder: Path, out: Path, recipe: "SweepRecipe") -> tuple[Path, ...]:
    """Write the page of everything that is finished in `folder`; give the files."""
    from privacy_lab.sweep.write import write_report as write  # noqa: PLC0415 - quick --help

    return write(folder, out, _called(recipe))


def write_grids(folder: Path, out: Path, recipe: "SweepRecipe") -> None:
    """Write reconstructions beside their originals."""
    from privacy_lab.sweep.write import write_grids as write  # noqa: PLC0415 - quick --help

    write(folder, out, _called(recipe))


def _called(recipe: "SweepRecipe") -> dict[str, str]:
    return {name: spec.called for name, spec in recipe.sets.items()}


def _material(path: Path, where: Where) -> "Material":
    return read_material(load_manifest(path), where.data, own=where.own)


def _telling(watch: Watch, done: int, of: int, what: str) -> Callable[[float], None]:
    return lambda share: watch(done, of, f"{what}, {100 * share:.0f} % of an attack")
