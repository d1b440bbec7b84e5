"""What a replay came to: one JSON object for programs, a few lines for people; pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, final

import msgspec
from rich.table import Table

from broker.status import BudgetWindow
from camera_node.charges import Charged, joined
from camera_node.replay import ReplaySummary
from penumbra.ledger_text import epsilon_text, ledger_text
from penumbra.live_table import summary_line
from penumbra.rates import percentile
from penumbra.tally import Totals
from penumbra.units import age_text, bytes_text, ratio_text

SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_AGE: Final = "age"
_DIGITS: Final = 6


@final
@dataclass(frozen=True)
class FileReport:
    """What became of one file: a summary, or why there is none."""

    file: str
    camera: str
    summary: ReplaySummary | None = None
    error: str = ""


Ledger = Mapping[str, Mapping[str, BudgetWindow]]
"""By camera and window, what was spent and may be."""


def report_object(
    reports: Sequence[FileReport], wall_seconds: float, ledger: Ledger | None = None
) -> dict[str, Any]:
    """All files taken together, and each file under `files`; numbers that do not exist are null.

    `ledger` is the edge's own, of the cameras that were replayed; left out where it was not heard of.
    """
    total = {**_numbers([r.summary for r in reports if r.summary]), "wall_seconds": _rounded(wall_seconds)}
    books = {"ledger": msgspec.to_builtins(ledger)} if ledger else {}
    return {**total, **books, "files": [_file_object(report) for report in reports]}


def summary_text(reports: Iterable[FileReport]) -> str:
    """All files taken together in one line, for people."""
    return summary_line(totals_of([report.summary for report in reports if report.summary]))


def privacy_lines(reports: Iterable[FileReport], ledger: Ledger) -> list[str]:
    """What the replay cost of privacy and what each camera's ledger says; nothing without noise."""
    charged = _charged([report.summary for report in reports if report.summary])
    lines = []
    if charged.epsilon_joint is not None:
        lines.append(
            f"epsilon_joint {epsilon_text(charged.epsilon_joint)} in all, "
            f"{epsilon_text(charged.epsilon_joint_most)} a frame at most, "
            f"{charged.repeated} of {charged.messages} frames repeated"
        )
    if charged.epsilon_per_coordinate is not None:
        lines.append(f"epsilon_per_coordinate {epsilon_text(charged.epsilon_per_coordinate)}")
    return lines + [f"{camera}: spent {ledger_text(budget)}" for camera, budget in ledger.items()]


def summary_table(reports: Sequence[FileReport]) -> Table:
    """One row a file."""
    table = Table(box=None, header_style="dim", padding=(0, 1), show_edge=False)
    table.add_column("file", no_wrap=True, min_width=min(20, max(len(report.file) for report in reports)))
    for name in ("read", "answered", "dropped", "regions", "to cloud", "as JPEG", "saved", "age p50", "p95"):
        table.add_column(name, justify="right", no_wrap=True)
    for report in reports:
        if report.summary is None:
            table.add_row(report.file, "–", "–", "–", "–", "–", "–", "–", "–", "–")
        else:
            table.add_row(report.file, *_cells(totals_of([report.summary])))
    return table


def totals_of(summaries: Sequence[ReplaySummary]) -> Totals:
    """Several summaries as one set of totals; what was left out by choice (`rate`) is no drop."""
    dropped = sum((Counter(summary.frames_dropped) for summary in summaries), Counter[str]())
    return Totals(
        read=sum(summary.frames_read for summary in summaries),
        answered=sum(summary.frames_processed for summary in summaries),
        dropped=Counter({reason: count for reason, count in dropped.items() if reason != "rate"}),
        regions=sum(summary.regions for summary in summaries),
        home=sum(summary.bytes_private for summary in summaries),
        cloud=sum(summary.bytes_cloud for summary in summaries),
        as_jpeg=sum(summary.bytes_as_jpeg for summary in summaries),
        ages=tuple(age for summary in summaries for age in summary.latency.get(_AGE, ())),
    )


def _file_object(report: FileReport) -> dict[str, Any]:
    named = {"file": report.file, "camera": report.camera}
    if report.summary is None:
        return {**named, "error": report.error}
    error = {"error": report.error} if report.error else {}
    seconds = _rounded(report.summary.wall_seconds)
    return {**named, **_numbers([report.summary]), "wall_seconds": seconds, **error}


def _numbers(summaries: Sequence[ReplaySummary]) -> dict[str, Any]:
    dropped = sum((Counter(summary.frames_dropped) for summary in summaries), Counter[str]())
    return {
        "frames_read": sum(summary.frames_read for summary in summaries),
        "frames_processed": sum(summary.frames_processed for summary in summaries),
        "frames_dropped": dict(dropped),
        "features_sent": sum(summary.features_sent for summary in summaries),
        "results_received": sum(summary.results_received for summary in summaries),
        "regions": sum(summary.regions for summary in summaries),
        "retransmitted": sum(summary.retransmitted for summary in summaries),
        "bytes_private": sum(summary.bytes_private for summary in summaries),
        "bytes_cloud": sum(summary.bytes_cloud for summary in summaries),
        "bytes_as_jpeg": sum(summary.bytes_as_jpeg for summary in summaries),
        "latency_seconds": _latency(_joined(summaries)),
        "privacy": _privacy(_charged(summaries)),
    }


def _charged(summaries: Iterable[ReplaySummary]) -> Charged:
    return reduce(joined, (summary.charged for summary in summaries), Charged())


def _privacy(charged: Charged) -> dict[str, Any]:
    joint = charged.epsilon_joint
    mean = joint / charged.messages if joint is not None and charged.messages else math.nan
    return {
        "epsilon_per_coordinate": charged.epsilon_per_coordinate,
        "epsilon_joint": joint,
        "epsilon_joint_a_frame": {"mean": _rounded(mean), "most": charged.epsilon_joint_most},
        "frames_repeated": charged.repeated,
    }


def _joined(summaries: Iterable[ReplaySummary]) -> dict[str, list[float]]:
    joined: dict[str, list[float]] = {}
    for summary in summaries:
        for hop, seconds in summary.latency.items():
            joined.setdefault(hop, []).extend(seconds)
    return joined


def _latency(by_hop: Mapping[str, list[float]]) -> dict[str, Any]:
    hops = {hop: _percentiles(seconds) for hop, seconds in by_hop.items() if hop != _AGE}
    return {**_percentiles(by_hop.get(_AGE, ())), "by_hop": hops}


def _percentiles(seconds: Iterable[float]) -> dict[str, float | None]:
    kept = list(seconds)
    return {name: _rounded(percentile(kept, share)) for name, share in SHARES.items()}


def _rounded(number: float) -> float | None:
    return None if math.isnan(number) else round(number, _DIGITS)


def _cells(totals: Totals) -> list[str]:
    return [
        str(totals.read),
        str(totals.answered),
        str(totals.dropped.total()),
        str(totals.regions),
        bytes_text(totals.cloud),
        bytes_text(totals.as_jpeg),
        ratio_text(totals.as_jpeg, totals.cloud),
        age_text(totals.age_p50),
        age_text(totals.age_p95),
    ]
