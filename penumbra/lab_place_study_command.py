"""`penumbra lab place-study`: the three solvers of placements side by side, written down."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from penumbra.errors import RunError
from penumbra.lab_needs import require_lab
from penumbra.lab_options import kept_in
from penumbra.lab_sweeping import SweepBar
from penumbra.saying import say

if TYPE_CHECKING:
    from privacy_lab.placement.collusion import CollusionAttacked
    from privacy_lab.placement.study_results import Study

ReportOption = Annotated[Path, typer.Option("--report", help="The folder for distprivacy.json, .md, .svg.")]
RequestsOption = Annotated[int, typer.Option("--requests", min=1, max=100_000, help="Of each simulation.")]
InstancesOption = Annotated[
    int, typer.Option("--instances", min=1, max=10_000, help="Small instances, each solved exactly.")
]
RepeatsOption = Annotated[int, typer.Option("--repeats", min=1, max=1000, help="Times a decision is timed.")]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.1, max=3600.0, help="How long one exact answer may take.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Decides every random choice.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The folder of finished pieces; the same command goes on there.")
]
CollusionOption = Annotated[
    Path | None,
    typer.Option(
        "--collusion",
        help="What `place-attack --colluding` wrote; else distprivacy-collusion.json in --report.",
    ),
]

COLLUSION: Final = "distprivacy-collusion.json"


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command("place-study")(place_study)


def place_study(
    *,
    report: ReportOption = Path("docs/results"),
    requests: RequestsOption = 320,
    instances: InstancesOption = 100,
    repeats: RepeatsOption = 30,
    seconds: SecondsOption = 60.0,
    seed: SeedOption = 1,
    out: OutOption = None,
    collusion: CollusionOption = None,
) -> None:
    """Measure gaps to the best placement, times to decide, and simulate many requests."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must wait for neither torch nor SciPy.
    from privacy_lab.placement.study import run_study  # noqa: PLC0415
    from privacy_lab.placement.study_extent import Extent  # noqa: PLC0415

    _make(report)  # first of all: nobody wants to hear it after the measuring
    console, folder = Console(), kept_in(out, "place-study")
    extent, colluded = Extent(requests, instances, repeats, seconds, seed), _collusion(report, collusion)
    try:
        with SweepBar(console) as bar:
            study = run_study(extent, folder, bar.watch, colluded)
    except KeyboardInterrupt:
        say(
            console,
            f"interrupted. Finished pieces are in {folder}: the same command goes on from there.",
        )
        raise
    _write(report, study)
    for gap in study.gaps:
        far = "no instance solved" if gap.mean is None else f"{100 * gap.mean:.1f} % from the best on average"
        console.print(f"{gap.solver}: {far}, {gap.missed} missed", highlight=False)
    console.print(f"written to {report}", highlight=False, markup=False)


def _collusion(report: Path, given: Path | None) -> "tuple[CollusionAttacked, ...]":
    from privacy_lab.placement.collusion import read_collusion  # noqa: PLC0415 - quick --help

    path = given or report / COLLUSION
    return read_collusion(path) if given or path.is_file() else ()


def _make(report: Path) -> None:
    try:
        report.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{report}: cannot be made ({error.strerror}). Choose another --report.") from error


def _write(report: Path, study: "Study") -> None:
    from privacy_lab.placement.study_page import page_of  # noqa: PLC0415 - quick --help
    from privacy_lab.placement.study_plots import plots_of  # noqa: PLC0415 - quick --help
    from privacy_lab.placement.study_results import encode_study  # noqa: PLC0415 - quick --help

    plots = plots_of(study)
    try:
        (report / "distprivacy.json").write_bytes(encode_study(study))
        (report / "distprivacy.md").write_text(page_of(study, plots))
        for name, drawn in plots.items():
            (report / f"{name}.svg").write_text(drawn)
    except OSError as error:
        raise RunError(f"{report}: cannot be written ({error.strerror}). Choose another --report.") from error
