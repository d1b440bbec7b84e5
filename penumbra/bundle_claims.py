"""`penumbra bundle verify BUNDLE --data …`: which of a certificate's claims hold on pictures of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from penumbra import lab_attacking as a
from penumbra import lab_options as o
from penumbra.lab_needs import require_lab
from penumbra.units import count_text

if TYPE_CHECKING:
    from privacy_lab.certify.claims import Verdict


def claims_hold(
    path: Path,
    pictures: Path,
    console: Console,
    *,
    seeds: int,
    images: int,
    folder: Path,
    device: o.DeviceName,
    threads: int,
) -> bool:
    """Attack the edge's half on the user's pictures, print what became of each claim; False if one fails.

    Raises:
        TorchMissing: The lab's extra is not installed.
        LabError, BundleError: The bundle or the pictures cannot be used.
    """
    require_lab()
    # `penumbra --help` reads this module on machines that have no torch.
    from privacy_lab.battery.plan import Plan  # noqa: PLC0415
    from privacy_lab.certify.own import check_on_own_pictures  # noqa: PLC0415

    chosen = o.device_for("attacking", device, threads, console)
    with a.AttackBar(console) as bar:
        verdicts = check_on_own_pictures(
            path,
            pictures,
            plan=Plan(seeds=tuple(range(seeds)), images=images),
            folder=folder,
            device=chosen,
            watch=bar.attack,
            costs=bar.costs,
        )
    show_verdicts(verdicts, console)
    return not any(verdict.holds is False for verdict in verdicts)


def show_verdicts(verdicts: "Sequence[Verdict]", console: Console) -> None:
    """Print a line for each claim, and a sentence that sums them up."""
    table = Table("", "claim", "certificate", "here", "", box=None)
    marks = {True: "✓", False: "✗", None: "–"}
    for verdict in verdicts:
        here = verdict.here or "not checked"
        table.add_row(marks[verdict.holds], verdict.claim, verdict.claimed, here, verdict.remark)
    console.print(table, highlight=False)
    held = sum(verdict.holds is True for verdict in verdicts)
    failed = sum(verdict.holds is False for verdict in verdicts)
    unchecked = len(verdicts) - held - failed
    console.print(
        f"{count_text(held, 'claim')} held here, {failed} did not, {unchecked} could not be checked.",
        highlight=False,
    )
