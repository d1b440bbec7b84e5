"""`penumbra lab recommend`: from a sweep to the amount of noise to use, with the evidence."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from models.catalogue import find
from models.errors import BundleNotFound
from models.reading import load_manifest
from penumbra.errors import RunError
from penumbra.lab_options import kept_in
from penumbra.saying import say

if TYPE_CHECKING:
    from privacy_lab.sweep.recommend import Evidence, Wanted

SubjectArgument = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="A bundle's name or path, or a data set that was swept.")
]
SweepOption = Annotated[Path | None, typer.Option("--sweep", help="The folder of the sweep.")]
LossOption = Annotated[
    float, typer.Option("--max-loss", min=0.0, max=100.0, help="Most percentage points that may be lost.")
]
SsimOption = Annotated[
    float, typer.Option("--max-ssim", min=-1.0, max=1.0, help="Highest SSIM of the strongest attack.")
]
FloorOption = Annotated[
    float | None,
    typer.Option(
        "--over-floor",
        min=0.0,
        max=1.0,
        help="Highest SSIM above what the answer alone allows; in place of --max-ssim.",
    ),
]
MethodOption = Annotated[
    Literal["arden", "ours", "laplace-l1", "gaussian-l2", "response", "label", "bundle"] | None,
    typer.Option("--method", help="Among the points of this method alone."),
]
CaseOption = Annotated[int | None, typer.Option("--case", min=1, help="Among those of this case alone.")]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recommend)


def recommend(
    subject: SubjectArgument,
    *,
    sweep: SweepOption = None,
    max_loss: LossOption = 2.0,
    max_ssim: SsimOption = 0.2,
    over_floor: FloorOption = None,
    method: MethodOption = None,
    case: CaseOption = None,
) -> None:
    """Say which epsilon to use: the least whose loss and whose reconstructions are small enough."""
    # Read where torch is not installed: a sweep's results are plain numbers.
    from privacy_lab.sweep.points import read_sweep  # noqa: PLC0415 - quick --help
    from privacy_lab.sweep.recommend import Wanted  # noqa: PLC0415 - as above
    from privacy_lab.sweep.recommend import recommend as advise  # noqa: PLC0415 - as above

    found = read_sweep(kept_in(sweep, "sweep"))
    wanted = (
        Wanted(max_loss, max_ssim) if over_floor is None else Wanted(max_loss, over_floor, over_floor=True)
    )
    bundle = _bundle_id(subject)
    advice = advise(found, subject, wanted, bundle=bundle, method=method, case=case)
    console = Console()
    console.print(evidence_table(advice.evidence, advice.chosen))
    if advice.chosen is None:
        raise RunError(_missed(advice.nearest, wanted))
    say(
        console,
        f"use {said(advice.chosen)}: {100 * advice.chosen.accuracy:.1f} % answered rightly, "
        f"{advice.chosen.loss:.1f} points lost, SSIM {advice.chosen.ssim:.3f} ({advice.chosen.attack})",
    )


def said(found: "Evidence") -> str:
    """Name an amount of noise so that nobody takes one guarantee for the other."""
    from privacy_lab.sweep.points import amount_text  # noqa: PLC0415 - quick --help

    joint = f"epsilon_joint {amount_text(found.epsilon_joint)}"
    return f"epsilon_per_coordinate {amount_text(found.epsilon)} ({joint})" if found.per_coordinate else joint


def evidence_table(evidence: "tuple[Evidence, ...]", chosen: "Evidence | None") -> Table:
    """Give one row an amount of noise, the chosen one marked."""
    table = Table("", "noise", box=None)
    for name in ("right", "lost", "SSIM", "at most", "floor", "attack", "seeds"):
        table.add_column(name, justify="right")
    for found in evidence:
        case = f" case {found.case}" if found.case else ""
        table.add_row(
            "▸" if found == chosen else "",
            f"{found.method}{case}, {said(found)}",
            f"{100 * found.accuracy:.1f} %",
            f"{found.loss:.1f}",
            _digits(found.ssim),
            _digits(found.ssim_high),
            _digits(found.floor),
            found.attack or "none made",
            str(found.seeds),
        )
    return table


def _bundle_id(subject: str) -> str:
    """Give the id of a bundle of this name or path; empty where there is none, and a task is meant."""
    try:
        return load_manifest(find(subject)).bundle_id
    except BundleNotFound:
        return ""


def _missed(nearest: "Evidence | None", wanted: "Wanted") -> str:
    over = " over the floor" if wanted.over_floor else ""
    asked = f"a loss of at most {wanted.max_loss:g} points and an SSIM of at most {wanted.max_ssim:g}{over}"
    if nearest is None:
        return f"nothing was attacked, so nothing can be recommended for {asked}. Sweep with --images above 0"
    remedy = "Allow more, or sweep other amounts with --epsilons"
    if not wanted.over_floor and nearest.floor is not None and nearest.floor > wanted.max_ssim:
        remedy = f"The answer alone allows {_digits(nearest.floor)}: ask for --over-floor 0.02, or allow more"
    return (
        f"nothing in the sweep has {asked}. Nearest: {said(nearest)} loses {nearest.loss:.1f} points at an "
        f"SSIM of {_digits(nearest.ssim)}. {remedy}"
    )


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
