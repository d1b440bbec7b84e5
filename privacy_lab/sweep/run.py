"""A sweep as one resumable job: what points share first, then every point, in one process or in several."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from privacy_lab.checkpoints import Progress
from privacy_lab.errors import LabError
from privacy_lab.pool_process import end_with_parent
from privacy_lab.sweep.bench import STAGES, Bench, Stage
from privacy_lab.sweep.plan import SweepPlan, Task
from privacy_lab.sweep.points import Point

Watch = Callable[[int, int, str], None]
"""Told how many pieces of work are done, of how many, and what is done now."""

Piece = tuple[Stage | None, Task]
"""A stage to prepare for a task, or with None its point to make."""


def unseen(done: int, of: int, what: str) -> None:
    """Let the sweep go on unseen."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a process needs to make points: all of it can be sent to another."""

    plan: SweepPlan
    data: Path
    folder: Path
    device: str
    threads: int


def run_sweep(job: Job, *, processes: int = 1, watch: Watch = unseen) -> tuple[Point, ...]:
    """Make every point of the plan that the folder does not have yet, and write `sweep.json`.

    Raises:
        LabError: data, recipe or folder cannot be used.
    """
    teller = _Teller(watch)
    bench = _bench(job, teller.tell)
    tasks = tuple(job.plan.tasks())
    missing = [task for task in tasks if bench.units.find(bench.key(task)) is None]
    waves = _waves(bench, missing)
    teller.begin(sum(map(len, waves)) + len(tasks) - len(missing), len(tasks) - len(missing))
    if processes == 1 or len(missing) <= 1:
        for stage, task in (piece for wave in waves for piece in wave):
            _do(bench, stage, task)
            teller.count(task.title)
    else:
        _in_processes(job, waves, processes, teller)
    bench.units.write_results()
    return tuple(bench.make(task) for task in tasks)


def _waves(bench: Bench, missing: Sequence[Task]) -> list[list[Piece]]:
    """Give the pieces of work in waves: what several points share is made once, and before them."""
    waves: list[list[Piece]] = []
    for stage in STAGES:
        first: dict[str, Task] = {}
        for task in missing:
            key = bench.shared(task).get(stage)
            if key is not None:
                first.setdefault(key, task)
        waves.append([(stage, task) for task in first.values()])
    return [*waves, [(None, task) for task in missing]]


def _in_processes(job: Job, waves: Sequence[Sequence[Piece]], processes: int, teller: "_Teller") -> None:
    # Forked, a process that has used threads or a GPU may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_start, initargs=(job,)) as pool:
        for wave in waves:
            waiting = {pool.submit(_work, *piece): piece for piece in wave}
            for _, task in _finished(waiting):
                teller.count(task.title)


def _finished(waiting: dict[Future[None], Piece]) -> Iterator[Piece]:
    try:
        for future in as_completed(waiting):
            future.result()
            yield waiting[future]
    except BaseException:
        for future in waiting:
            future.cancel()
        raise


@final
class _Teller:
    """Counts finished pieces, and passes on what is being done."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._done, self._of = watch, 0, 0

    def begin(self, of: int, done: int) -> None:
        self._done, self._of = done, of
        self._watch(done, of, "")

    def count(self, what: str) -> None:
        self._done += 1
        self._watch(self._done, self._of, what)

    def tell(self, what: str, epochs: int, progress: Progress) -> None:
        self._watch(self._done, self._of, f"{what} ({progress.epoch}/{epochs})")


# A pool's process makes its bench once: data sets are read and networks kept between tasks.
_BENCHES: list[Bench] = []


def _start(job: Job) -> None:
    end_with_parent()
    _BENCHES.append(_bench(job, lambda _what, _epochs, _progress: None))


def _work(stage: Stage | None, task: Task) -> None:
    _do(_BENCHES[0], stage, task)


def _do(bench: Bench, stage: Stage | None, task: Task) -> None:
    if stage is None:
        bench.make(task)
    else:
        bench.prepare(stage, task)


def _bench(job: Job, tell: Callable[[str, int, Progress], None]) -> Bench:
    if job.threads < 1:
        raise LabError(f"{job.threads} threads: at least 1")
    torch.set_num_threads(job.threads)
    with contextlib.suppress(ImportError):
        import cv2  # noqa: PLC0415 - only its threads are of interest here

        cv2.setNumThreads(1)
    return Bench(job.plan, data=job.data, folder=job.folder, device=torch.device(job.device), tell=tell)
