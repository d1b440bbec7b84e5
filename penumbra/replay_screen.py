"""What a replay shows: a progress bar a file on stderr, and the summary on stdout."""

import json
import sys
from types import TracebackType
from typing import Final, Self, final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.text import Text

from camera_node.replay import ReplayProgress
from penumbra.replay import Outcome
from penumbra.replay_report import (
    FileReport,
    privacy_lines,
    report_object,
    summary_table,
    summary_text,
)

PLAIN_WIDTH: Final = 160


@final
class ReplayScreen:
    """Progress on stderr: bars in a terminal, a line a file anywhere else."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _State(),
            console=self._console,
            disable=not self._console.is_terminal,
            refresh_per_second=5,
        )
        self._task: TaskID | None = None
        self._last: ReplayProgress | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def starting(self, what: str) -> None:
        """See `Watcher`."""
        self._task = self._bars.add_task(f"starting {what}", total=None, state="")

    def begin(self, file: str) -> None:
        """See `Watcher`."""
        if self._task is not None and self._last is None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(_short(file), total=None, state="")
        self._last = None
        if not self._console.is_terminal:
            self._print(f"{file}: replaying")

    def progress(self, progress: ReplayProgress) -> None:
        """See `Watcher`."""
        self._last = progress
        if self._task is not None:
            done = progress.frames_answered + sum(progress.frames_dropped.values())
            total = None if progress.total is None else max(progress.total, done)
            self._bars.update(self._task, completed=done, total=total, state=state_text(progress))

    def ended(self) -> None:
        """See `Watcher`."""
        if self._task is not None and self._last is not None:
            done = self._last.frames_answered + sum(self._last.frames_dropped.values())
            self._bars.update(self._task, completed=done, total=done)

    def failed(self, report: FileReport) -> None:
        """See `Watcher`."""
        if self._task is not None and self._last is None:
            self._bars.remove_task(self._task)
            self._task = None
        self.ended()
        self._print(f"✗ {report.error}")

    def note(self, text: str) -> None:
        """See `Watcher`."""
        self._print(f"! {text}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False)


@final
class _State(ProgressColumn):
    """What `state_text` said last."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("state", "")))


def state_text(progress: ReplayProgress) -> str:
    """How far a file is: 1394/1394 frames · 48 frames/s · 0 dropped."""
    dropped = sum(count for reason, count in progress.frames_dropped.items() if reason != "rate")
    of = f"/{progress.total}" if progress.total is not None else ""
    speed = progress.frames_answered / max(progress.wall_seconds, 1e-6)
    again = f" · {progress.retransmitted} sent again" if progress.retransmitted else ""
    return f"{progress.frames_answered}{of} frames · {speed:.0f} frames/s · {dropped} dropped{again}"


def print_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """Print the summary on stdout: one JSON object, or lines for people."""
    if as_json:
        sys.stdout.write(
            json.dumps(report_object(outcome.reports, outcome.wall_seconds, outcome.ledger)) + "\n"
        )
        sys.stdout.flush()
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PLAIN_WIDTH)
    if len(outcome.reports) > 1:
        console.print(summary_table(outcome.reports))
    if outcome.interrupted:
        console.print("Stopped by Ctrl-C; so far:", markup=False)
    if any(report.summary for report in outcome.reports):
        console.print(f" {summary_text(outcome.reports)}", markup=False)
        for line in privacy_lines(outcome.reports, outcome.ledger):
            console.print(f" {line}", markup=False)


def say(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the parts' log, asked for by --verbose


def _short(file: str) -> str:
    return file if len(file) <= 32 else file[:31] + "…"
