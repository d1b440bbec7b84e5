"""What `penumbra doctor` finds, and how it is printed; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitoring.masking import mask_text

Mark = Literal["ok", "warn", "fail"]

_SIGNS: Final = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@final
@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        mark: `fail` where nothing works without it, `warn` where something is only worse.
        name: What was looked at.
        detail: What was found.
        remedy: What to do; empty where nothing need be done.
    """

    mark: Mark
    name: str
    detail: str
    remedy: str = ""


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing has failed."""
    return all(finding.mark != "fail" for finding in findings)


def findings_view(findings: Sequence[Finding]) -> RenderableType:
    """A line for each finding, its remedy under it, and the verdict."""
    table = Table(box=None, show_header=False, show_edge=False, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in findings:
        sign, colour = _SIGNS[finding.mark]
        table.add_row(Text(sign, style=colour), Text(finding.name), Text(mask_text(finding.detail)))
        if finding.remedy:
            table.add_row("", "", Text(f"→ {mask_text(finding.remedy)}", style="dim"))
    return Group(table, Text(f" {verdict(findings)}", style="bold"))


def verdict(findings: Sequence[Finding]) -> str:
    """All findings in one sentence."""
    failed = sum(finding.mark == "fail" for finding in findings)
    warned = sum(finding.mark == "warn" for finding in findings)
    if failed:
        return f"{failed} of {len(findings)} checks failed."
    return "All is well." if not warned else f"All works; {warned} of {len(findings)} could be better."
