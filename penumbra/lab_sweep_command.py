"""`penumbra lab sweep`: amounts of noise, split cases, data sets and seeds as one resumable job."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.console import Console
from rich.table import Table

from penumbra import lab_options as o
from penumbra import lab_sweeping as s
from penumbra.errors import ConfigError
from penumbra.lab_needs import require_lab
from penumbra.saying import say

if TYPE_CHECKING:
    from privacy_lab.sweep.plan import SweepPlan
    from privacy_lab.sweep.recipe import SweepRecipe

RecipeArgument = Annotated[
    str, typer.Argument(help="A sweep's YAML file, or the name of a shipped one: ryu.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="The folder of finished points; the same command goes on there.")
]
SetsOption = Annotated[
    list[str] | None, typer.Option("--sets", help="Data sets, several by commas: cifar10-jpeg,gtsrb10,mnist.")
]
CasesOption = Annotated[
    list[str] | None, typer.Option("--cases", help="The paper's split cases: 1,2,3 where nothing is said.")
]
EpsilonsOption = Annotated[
    list[str] | None, typer.Option("--epsilons", help="Amounts of noise; the recipe's where nothing is said.")
]
SeedsOption = Annotated[int, typer.Option("--seeds", min=1, max=100, help="Trainings of each point.")]
MethodOption = Annotated[
    Literal["arden", "ours", "joint"],
    typer.Option("--method", help="Training as published, ours, or joint noise on bundles' few numbers."),
]
ImagesOption = Annotated[
    int, typer.Option("--images", min=0, max=100_000, help="Pictures attacked a point; 0: accuracy alone.")
]
BudgetOption = Annotated[
    str, typer.Option("--budget", help="Of the recipe; auto: full where there is a GPU, else brief.")
]
BundleOption = Annotated[
    list[str] | None, typer.Option("--bundle", help="Sweep the noise of this bundle; may be repeated.")
]
FramesOption = Annotated[
    list[str] | None,
    typer.Option("--frames", help="With --bundle: watch a still camera for 1,10,100,1000 frames."),
]
SensorOption = Annotated[
    float, typer.Option("--sensor", min=0.0, max=64.0, help="The still camera's own noise, in grey levels.")
]
OwnOption = Annotated[
    bool, typer.Option("--own", help="With --bundle: the folder holds your own pictures, LABEL/PERSON/.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", help="Sweep nothing: write the page of what is finished here.")
]
GridsOption = Annotated[
    Path | None,
    typer.Option(
        "--grids", help="With --report: put reconstructions beside their originals into this folder."
    ),
]
ProcessesOption = Annotated[int, typer.Option("--processes", min=1, max=256, help="Points made at a time.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, max=256, help="Cores of one process.")]

SETS: Final = ("cifar10-jpeg", "gtsrb10", "mnist")
_WATCHED: Final = 64
_SHIPPED: Final = Path(__file__).parent.parent / "privacy_lab" / "recipes" / "sweeps"


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(sweep)


def sweep(
    recipe: RecipeArgument = "ryu",
    *,
    data: o.DataOption = o.DATA,
    out: OutOption = None,
    sets: SetsOption = None,
    cases: CasesOption = None,
    epsilons: EpsilonsOption = None,
    seeds: SeedsOption = 1,
    method: MethodOption = "arden",
    images: ImagesOption = 1000,
    budget: BudgetOption = "auto",
    bundle: BundleOption = None,
    frames: FramesOption = None,
    sensor: SensorOption = 2.0,
    own: OwnOption = False,
    report: ReportOption = None,
    grids: GridsOption = None,
    processes: ProcessesOption = 1,
    device: o.DeviceOption = "auto",
    threads: ThreadsOption = o.THREADS,
) -> None:
    """Sweep amounts of noise: train under each, attack each, and keep every point."""
    require_lab()
    console, plan = Console(), read_recipe(recipe)
    asked = _Asked(
        sets=texts(sets) or SETS,
        cases=whole_numbers("--cases", cases),
        epsilons=numbers("--epsilons", epsilons),
        frames=whole_numbers("--frames", frames),
        bundles=tuple(bundle or ()),
        method=method,
        budget=budget,
        seeds=seeds,
        images=images,
        sensor=sensor,
    )
    folder = o.kept_in(out, "sweep")
    if report:
        _report(folder, report, grids, plan, console)
        return
    where = _where(data, folder, device, processes=processes, threads=threads, own=own, console=console)
    try:
        with s.SweepBar(console) as bar:
            tables = _made(asked, plan, replace(where, watch=bar.watch))
    except KeyboardInterrupt:
        say(console, f"interrupted. Finished points are in {folder}: the same command goes on from there.")
        raise
    for table in tables:
        console.print(table)
    say(console, f"finished points are in {folder}; --report writes a page of them")


def _report(folder: Path, out: Path, grids: Path | None, plan: "SweepRecipe", console: Console) -> None:
    for path in s.write_report(folder, out, plan):
        say(console, f"wrote {path}")
    if grids:
        s.write_grids(folder, grids, plan)
        say(
            console,
            f"wrote {grids}. It shows pictures of the data sets: pass it on only where their terms allow it.",
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The flags, read."""

    sets: tuple[str, ...]
    cases: tuple[int, ...]
    epsilons: tuple[float, ...]
    frames: tuple[int, ...]
    bundles: tuple[str, ...]
    method: Literal["arden", "ours", "joint"]
    budget: str
    seeds: int
    images: int
    sensor: float


def _made(asked: _Asked, plan: "SweepRecipe", where: s.Where) -> list[Table]:
    amounts = asked.epsilons or plan.joint_epsilons
    if asked.frames:
        if not asked.bundles:
            raise ConfigError("--frames: watches a camera that runs a bundle; name it with --bundle")
        images = min(asked.images, _WATCHED)
        watched = [s.sweep_frames(name, asked.frames, images, asked.sensor, where) for name in asked.bundles]
        return [s.frames_table(found) for found in watched]
    if asked.method == "joint":
        points = s.sweep_joint(plan, asked.bundles or plan.joint, amounts, asked.seeds, where)
        return [s.points_table([*points])]
    if asked.bundles:
        swept = [s.sweep_bundle(name, amounts, asked.seeds, asked.images, where) for name in asked.bundles]
        return [s.points_table([*points]) for points in swept]
    return [s.points_table(s.sweep_networks(_plan_of(asked, plan, where), where))]


def _plan_of(asked: _Asked, recipe: "SweepRecipe", where: s.Where) -> "SweepPlan":
    from privacy_lab.sweep.plan import SweepPlan  # noqa: PLC0415 - quick --help

    usual = "full" if where.device.type == "cuda" else "brief"
    return SweepPlan(
        recipe=recipe,
        budget=usual if asked.budget == "auto" else asked.budget,
        method="ours" if asked.method == "ours" else "arden",
        sets=asked.sets,
        cases=asked.cases or tuple(range(1, len(recipe.cases) + 1)),
        epsilons=asked.epsilons or recipe.epsilons,
        seeds=asked.seeds,
        images=asked.images,
    )


def _where(
    data: Path,
    out: Path,
    device: o.DeviceName,
    *,
    processes: int,
    threads: int,
    own: bool,
    console: Console,
) -> s.Where:
    chosen = o.device_for("sweeping", device, threads, console)
    return s.Where(data, out, chosen, processes, threads, own)


def read_recipe(name_or_path: str) -> "SweepRecipe":
    """Read a sweep's recipe: a shipped one by its name, or any by its path.

    Raises:
        BadRecipe: there is none, or a value is wrong.
    """
    from privacy_lab.sweep.recipe import read_sweep_recipe  # noqa: PLC0415 - quick --help

    known = {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}
    return read_sweep_recipe(known.get(name_or_path, Path(name_or_path)))


def texts(given: Sequence[str] | None) -> tuple[str, ...]:
    """Take a flag's words apart: repeated, or several by commas."""
    return tuple(word.strip() for words in given or () for word in words.split(",") if word.strip())


def numbers(flag: str, given: Sequence[str] | None) -> tuple[float, ...]:
    """Read a flag's numbers, repeated or several by commas.

    Raises:
        ConfigError: one is no number.
    """
    try:
        return tuple(float(word) for word in texts(given))
    except ValueError as error:
        raise ConfigError(f"{flag}: {error}; give numbers, several by commas") from error


def whole_numbers(flag: str, given: Sequence[str] | None) -> tuple[int, ...]:
    """Read a flag's whole numbers from 1, repeated or several by commas.

    Raises:
        ConfigError: one is none.
    """
    wrong = [word for word in texts(given) if not (word.isdecimal() and int(word) >= 1)]
    if wrong:
        raise ConfigError(f"{flag}: {wrong[0]} is no whole number from 1; give some, several by commas")
    return tuple(int(word) for word in texts(given))
