"""Runs the benchmarks side by side and writes what they found: `python -m benchmarks [NAME ...]`."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks import (
    added_latency,
    attack_speed,
    cameras,
    distributed,
    edge_footprint,
    frame_age,
    live_page,
    release_noise,
    replay_throughput,
    shading,
    wire,
)
from benchmarks.harness import Benchmark, BenchmarkError, Context, Report, Spread
from benchmarks.machine import describe, fixed_load, pin
from benchmarks.table import Document, markdown

BENCHMARKS: Final[tuple[Benchmark, ...]] = (
    frame_age.BENCHMARK,
    replay_throughput.BENCHMARK,
    added_latency.BENCHMARK,
    shading.BENCHMARK,
    edge_footprint.BENCHMARK,
    cameras.BENCHMARK,
    wire.BENCHMARK,
    attack_speed.BENCHMARK,
    release_noise.BENCHMARK,
    distributed.BENCHMARK,
    live_page.BENCHMARK,
)
REPOSITORY: Final = Path(__file__).parent.parent
_LOADS: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; a full run writes docs/, another one only where --out says."""
    asked = _parser().parse_args(arguments)
    chosen = [benchmark for benchmark in BENCHMARKS if not asked.names or benchmark.name in asked.names]
    cores = pin()
    began = time.monotonic()
    loads: list[float] = []
    reports: list[Report] = []
    with _progress() as progress, tempfile.TemporaryDirectory(prefix="penumbra-bench-") as work:
        task = progress.add_task("", total=0)
        for benchmark in chosen:
            loads += [fixed_load() for _ in range(_LOADS)]
            context = _context(benchmark, progress, task, Path(work), asked)
            reports.append(_measured(benchmark, context))
        loads += [fixed_load() for _ in range(_LOADS)]
    document = Document(
        machine=asyncio.run(describe(cores)),
        command=" ".join(["make bench"] if not sys.argv[1:] else ["python -m benchmarks", *sys.argv[1:]]),
        quick=asked.quick,
        load=Spread(tuple(loads)),
        reports=tuple(reports),
        seconds=time.monotonic() - began,
    )
    whole = not asked.names and not asked.quick
    _publish(document, asked.out or (REPOSITORY / "docs" if whole else None))
    return 1 if any(report.failure for report in reports) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [benchmark.name for benchmark in BENCHMARKS]
    data = os.environ.get("PENUMBRA_DATA", REPOSITORY.parent / "shared" / "data")
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a check, no result")
    parser.add_argument("--data", type=Path, default=Path(data), help="the folder of clips")
    parser.add_argument("--out", type=Path, help="where to write; docs/ for a full run, else nowhere")
    return parser


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _context(
    benchmark: Benchmark, progress: Progress, task: TaskID, work: Path, asked: argparse.Namespace
) -> Context:
    def plan(steps: int) -> None:
        progress.update(task, total=(progress.tasks[0].total or 0) + steps)

    def step(what: str) -> None:
        progress.update(task, advance=1, description=f"{benchmark.name}: {what}")

    progress.update(task, description=benchmark.name)
    folder = work / benchmark.name
    folder.mkdir()
    return Context(data=asked.data, work=folder, quick=asked.quick, plan=plan, step=step)


def _measured(benchmark: Benchmark, context: Context) -> Report:
    try:
        return benchmark.run(context)
    except Exception as error:  # noqa: BLE001 - one benchmark's fault must not cost the others' numbers
        reason = str(error) if isinstance(error, BenchmarkError) else f"{type(error).__name__}: {error}"
        return Report(name=benchmark.name, promise=benchmark.promise, failure=reason)


def _publish(document: Document, folder: Path | None) -> None:
    page = markdown(document)
    print(page)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "benchmarks.md").write_text(page, encoding="utf-8")
        data = msgspec.json.format(msgspec.json.encode(document), indent=1)
        (folder / "benchmarks.json").write_bytes(data + b"\n")


if __name__ == "__main__":
    sys.exit(main())
