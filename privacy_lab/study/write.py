"""Write what a study found: `embeddings.json`, the page made of it, and its plots."""

from pathlib import Path
from typing import Final

import msgspec

from privacy_lab.study.plots import plots_of
from privacy_lab.study.report import markdown
from privacy_lab.study.results import Results, TaskResult, read_results, write_results

_NAME: Final = "embeddings"


def write_study(task: TaskResult, out: Path) -> tuple[Path, ...]:
    """Put the task's results beside those of other tasks in the folder `out`; give the files written.

    No picture of anybody is among them.

    Raises:
        BadData: what is there is not a study's results.
    """
    kept = out / f"{_NAME}.json"
    found = read_results(kept)
    results = msgspec.structs.replace(found, tasks={**found.tasks, task.task: task})
    write_results(kept, results)
    return kept, write_page(results, out), *_write_plots(task, out)


def write_page(results: Results, out: Path) -> Path:
    """Write the page of all tasks."""
    page = out / f"{_NAME}.md"
    page.write_text(markdown(results), encoding="utf-8")
    return page


def _write_plots(task: TaskResult, out: Path) -> tuple[Path, ...]:
    written = []
    for name, svg in plots_of(task).items():
        written.append(out / f"{task.task}-{name}.svg")
        written[-1].write_text(svg, encoding="utf-8")
    return tuple(written)
