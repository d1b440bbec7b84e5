"""Writes what was measured as a table for people; pure functions from reports to Markdown."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from benchmarks.harness import Report, Row, Spread, Target, prose
from benchmarks.machine import Machine

_HEADING: Final = "| what | ours | theirs | ratio | target | verdict |\n|---|---|---|---|---|---|"
_DIGITS: Final = 3


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the benchmarks.

    Attributes:
        machine: Where, when and with which versions.
        command: How to run it again.
        quick: Whether it was a short run, which proves little.
        load: The same fixed computation, timed between the benchmarks: the machine's own noise.
        reports: What each benchmark found.
        seconds: How long it all took.
    """

    machine: Machine
    command: str
    quick: bool
    load: Spread
    reports: tuple[Report, ...]
    seconds: float


def markdown(document: Document) -> str:
    """Write the whole page."""
    parts = [_introduction(document), _verdicts(document.reports)]
    parts += [_section(report) for report in document.reports]
    return "\n\n".join(parts) + "\n"


def number(value: float) -> str:
    """Write a number with three significant digits and no exponent."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    if value and abs(value) < 1:
        return f"{value:.{_DIGITS}g}" if abs(value) >= 1e-4 else f"{value:.1e}"
    if float(value).is_integer() and digits > 1:
        return f"{value:,.0f}"
    return f"{value:,.{max(0, _DIGITS - digits)}f}"


def spread_text(measured: Spread | None, unit: str) -> str:
    """Write the median, and the range where it was measured more than once and differed."""
    if measured is None:
        return ""
    text = f"{number(measured.median)} {unit}".strip()
    if measured.low == measured.high:
        return text
    return f"{text} ({number(measured.low)}..{number(measured.high)})"


def verdict(row: Row) -> str:
    """Write met or missed, and the remark."""
    word = {True: "met", False: "**missed**", None: ""}[row.met]
    return ": ".join(part for part in (word, row.why) if part)


def target_text(target: Target | None) -> str:
    """Write what shall be reached."""
    if target is None:
        return ""
    sign = "≤" if target.direction == "at most" else "≥"
    what = "× " if target.of == "ratio" else f" {target.unit}"
    return f"{sign} {number(target.bound)}{what}".strip()


def _introduction(document: Document) -> str:
    machine, load = document.machine, document.load
    lines = [
        "# Benchmarks",
        prose(f"""
            Made by `{document.command}` on {machine.date} in {document.seconds / 60:.0f} minutes; the numbers
            are also in [benchmarks.json](benchmarks.json). Subjects that are compared take turns in one run
            (A B A B) on the same two cores. Shown is the median over the rounds with (least..greatest);
            ratios are ours over theirs, round by round.
        """),
        f"**Hardware**: {machine.processor}, pinned to cores {machine.cores}, {machine.memory_gib:.0f} GiB, "
        f"{machine.system}. **Versions**: {machine.versions}.",
        f"**Noise of the machine**: one fixed computation, repeated between the benchmarks, took "
        f"{number(load.median)} s ({number(load.low)}..{number(load.high)}, ±{50 * load.noise:.0f} %): "
        "differences of that size mean nothing.",
    ]
    if document.quick:
        lines.insert(1, "**A quick run: short rounds, good for finding what is broken, not for numbers.**")
    return "\n\n".join(lines)


def _verdicts(reports: Iterable[Report]) -> str:
    rows = [(report, row) for report in reports for row in report.rows if row.target is not None]
    met = sum(1 for _, row in rows if row.met)
    lines = [f"**{met} of {len(rows)} targets met.**"]
    lines += [f"- missed: {row.what} ({report.name})" for report, row in rows if not row.met]
    lines += [f"- not measured: {report.name}: {report.failure}" for report in reports if report.failure]
    return "\n".join(lines)


def _section(report: Report) -> str:
    lines = [f"## {report.name}", report.promise]
    if report.how:
        lines.append(report.how)
    if report.failure:
        lines.append(f"Not measured: {report.failure}")
    if report.rows:
        lines.append("\n".join([_HEADING, *map(_line, report.rows)]))
    noise = _baseline_noise(report.rows)
    if noise:
        lines.append(noise)
    if report.notes:
        lines.append("\n".join(f"- {note}" for note in report.notes))
    return "\n\n".join(lines)


def _line(row: Row) -> str:
    theirs = spread_text(row.theirs, row.unit)
    cells = (
        row.what,
        spread_text(row.ours, row.unit),
        f"{theirs}, {row.against}" if theirs else row.against,
        spread_text(row.ratio, "×"),
        target_text(row.target),
        verdict(row),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _baseline_noise(rows: Sequence[Row]) -> str:
    repeated = [row.theirs for row in rows if row.theirs and len(row.theirs.values) > 1]
    if not repeated:
        return ""
    worst = max(theirs.noise for theirs in repeated)
    return f"Identical runs of the other side differed by up to {100 * worst:.0f} % of their median."
