"""The live table: one row a camera, and what left this machine in the last second; pure rendering."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penumbra.ledger_text import epsilon_text, frame_text, ledger_text
from penumbra.tally import CameraRow, Totals
from penumbra.units import age_text, bytes_text, count_text, rate_text, ratio_text

NARROW: Final = 110
_GOOD: Final = {"running", "ended"}
_MAX_TEXT: Final = 22


@final
@dataclass(frozen=True)
class Surroundings:
    """What stands above and below the table.

    Attributes:
        header: The addresses and the bundle, in one line.
        sends: Whether pictures (shaded) or numbers leave this machine.
        notes: What is wrong, newest last; empty where nothing is.
        about: Further lines on how what leaves is made.
        page: The live page's address; empty where there is none.
    """

    header: str
    sends: Literal["numbers", "pictures"] = "numbers"
    notes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    page: str = ""

    @property
    def page_line(self) -> str:
        """Where to look; empty where there is no page."""
        return f"See what the cloud could see: {self.page}" if self.page else ""


def live_view(rows: Sequence[CameraRow], around: Surroundings, width: int) -> RenderableType:
    """The whole live view for a terminal of `width` columns."""
    troubles = (*(_trouble(row) for row in rows if _trouble(row)), *around.notes)
    notes = [Text(f" ! {note}", style="yellow") for note in troubles]
    left = Text(f" {left_line(rows, around.sends)}", style="bold")
    return Group(
        Text(around.header, style="dim"),
        camera_table(rows, width),
        left,
        *([Text(f" {around.page_line}")] if around.page else []),
        *(Text(f" {line}") for line in map(privacy_line, rows) if line),
        *(Text(f" {line}", style="dim") for line in around.about),
        *notes,
        Text(" Ctrl-C to stop", style="dim"),
    )


def camera_table(rows: Sequence[CameraRow], width: int) -> Table:
    """One row a camera; a narrow terminal loses the columns that matter least."""
    wide = width >= NARROW
    joint = wide and any(row.epsilon_joint is not None for row in rows)
    table = Table(box=None, pad_edge=True, header_style="dim", padding=(0, 1), show_edge=False)
    for name in ("camera", *(("source",) if wide else ())):
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    table.add_column("fps", justify="right", no_wrap=True)
    table.add_column("answer", no_wrap=True, overflow="ellipsis", min_width=10)
    numbers = (
        "age p50",
        "p95",
        "drops",
        *(("home",) if wide else ()),
        "to cloud",
        "as JPEG",
        "saved",
        *(("epsilon_joint",) if joint else ()),
    )
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, wide), *([Text(epsilon_text(row.epsilon_joint))] if joint else []))
    return table


def left_line(rows: Iterable[CameraRow], sends: str) -> str:
    """What crossed to the cloud in the last second, in plain words."""
    sizes = Counter(size for row in rows for size in row.sent_sizes)
    if not sizes:
        return "What left this machine in the last second: nothing."
    if len(sizes) <= 3:
        parts = [f"{count} × {bytes_text(size)}" for size, count in sorted(sizes.items())]
        what = " + ".join(parts)
    else:
        total = sum(size * count for size, count in sizes.items())
        what = f"{count_text(sizes.total(), 'message')}, {bytes_text(total)} in all"
    comment = "No picture." if sends == "numbers" else "Pictures, with every face that was found shaded."
    return f"What left this machine in the last second: {what}. {comment}"


def privacy_line(row: CameraRow) -> str:
    """What a camera's last frame cost, and what its ledger says; empty where nothing is promised."""
    cost = frame_text(row.epsilon_joint, row.epsilon_per_coordinate, row.delta)
    spent = f"spent {ledger_text(row.budget)}" if row.budget else ""
    told = " · ".join(part for part in (cost, spent) if part)
    return f"{row.camera}: {told}" if told else ""


def plain_line(row: CameraRow) -> str:
    """One camera in one line, for a log instead of a terminal."""
    if row.state not in _GOOD:
        return _trouble(row)
    privacy = privacy_line(row).removeprefix(f"{row.camera}: ")
    return (
        f"{row.camera}: {row.fps:.1f} frames/s · {row.answer} · age p50 {age_text(row.age_p50)}, "
        f"p95 {age_text(row.age_p95)} · {row.dropped} dropped · home {rate_text(row.home)} · "
        f"to cloud {rate_text(row.cloud)} · as JPEG {rate_text(row.as_jpeg)} "
        f"({ratio_text(row.as_jpeg, row.cloud)})" + (f" · {privacy}" if privacy else "")
    )


def summary_line(totals: Totals) -> str:
    """What a run came to, in one line."""
    parts = [f"read {totals.read}", f"answered {totals.answered}", f"regions {totals.regions}"]
    if totals.refused:
        parts.append(f"held back {totals.refused.total()} ({_reasons(totals.refused)})")
    if totals.unanswered:
        parts.append(f"unanswered {totals.unanswered}")
    if totals.dropped:
        parts.append(f"dropped {totals.dropped.total()} ({_reasons(totals.dropped)})")
    parts += [
        f"home {bytes_text(totals.home)}",
        f"to cloud {bytes_text(totals.cloud)}",
        f"as JPEG {bytes_text(totals.as_jpeg)} ({ratio_text(totals.as_jpeg, totals.cloud)})",
        f"age p50 {age_text(totals.age_p50)}, p95 {age_text(totals.age_p95)}",
    ]
    if totals.epsilon_joint is not None:
        parts.append(f"epsilon_joint {epsilon_text(totals.epsilon_joint)} in all")
    return " · ".join(parts)


def _reasons(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common())


def _cells(row: CameraRow, wide: bool) -> list[Text]:
    wrong = row.state not in _GOOD
    colour = "yellow" if wrong or row.refused else "green"
    return [
        Text(row.camera, style="bold"),
        *([Text(_short(row.source), style="dim")] if wide else []),
        Text(f"{row.fps:.1f}"),
        Text(_short(row.state.replace("_", " ") if wrong else row.answer), style=colour),
        Text(age_text(row.age_p50)),
        Text(age_text(row.age_p95)),
        Text(str(row.dropped)),
        *([Text(rate_text(row.home))] if wide else []),
        Text(rate_text(row.cloud)),
        Text(rate_text(row.as_jpeg)),
        Text(ratio_text(row.as_jpeg, row.cloud), style="bold"),
    ]


def _short(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _trouble(row: CameraRow) -> str:
    """What is wrong with a camera in words; empty where nothing is."""
    if row.state not in _GOOD:
        state = row.state.replace("_", " ")
        return f"{row.camera}: {state}: {row.detail}" if row.detail else f"{row.camera}: {state}"
    return f"{row.camera}: {row.answer}" if row.refused else ""
