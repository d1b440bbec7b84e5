"""`penumbra lab place`: who holds which feature maps, so that no helper can rebuild the picture."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from penumbra.errors import ConfigError
from penumbra.lab_needs import require_lab
from penumbra.saying import say
from penumbra.units import age_text, bytes_text, count_text
from privacy_lab.networks.spec import NetworkName

if TYPE_CHECKING:
    from feature_node.placement.model import Fleet, Network
    from feature_node.placement.plan import Plan
    from feature_node.placement.privacy import Caps
    from feature_node.placement.problem import Problem, Solver
    from models.placement_table import PlacementTable

SolverName = Literal["ours", "algorithm-1", "exact"]

_TABLES: Final = Path(__file__).parent.parent / "privacy_lab" / "placement" / "tables"
_SHOWN: Final = 4
_SEEN: Final = 5e-5
"""Seconds below which nothing is shown: a tenth of a millisecond is the last digit."""

DevicesOption = Annotated[Path, typer.Option("--devices", help="YAML: the source and the helpers.")]
NetworkOption = Annotated[str, typer.Option("--network", help="lenet, six-conv, vgg16 or vgg19.")]
SsimOption = Annotated[
    float, typer.Option("--max-ssim", min=-1.0, max=1.0, help="What a helper may rebuild at most.")
]
TableOption = Annotated[
    str,
    typer.Option("--table", help="A measured table; `shipped`, or `published` for Table I of the paper."),
]
SolverOption = Annotated[SolverName, typer.Option("--solver", help="Who plans.")]
TopologyOption = Annotated[
    Literal["mesh", "star"], typer.Option("--topology", help="Helpers send to helpers, or to the source.")
]
ColludingOption = Annotated[
    int, typer.Option("--colluding", min=1, max=1000, help="So many helpers together stay under the SSIM.")
]
KeepOption = Annotated[
    str | None, typer.Option("--keep", help="The last of the first layers that the source computes itself.")
]
SizeOption = Annotated[
    int | None, typer.Option("--side", min=16, max=512, help="Side of the pictures, in pixels.")
]
DrawOption = Annotated[Path | None, typer.Option("--draw", help="Draw it into this .svg or .png.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the plan into this JSON file.")]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.1, max=3600.0, help="How long the exact solver may take.")
]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(place)


def place(
    devices: DevicesOption,
    network: NetworkOption,
    *,
    max_ssim: SsimOption = 0.4,
    table: TableOption = "shipped",
    solver: SolverOption = "ours",
    topology: TopologyOption = "mesh",
    colluding: ColludingOption = 1,
    keep: KeepOption = None,
    side: SizeOption = None,
    draw: DrawOption = None,
    out: OutOption = None,
    seconds: SecondsOption = 60.0,
) -> None:
    """Plan who holds which feature maps of a network, and say how long it takes."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must wait for neither torch nor SciPy.
    from feature_node.placement.devices import read_fleet  # noqa: PLC0415
    from feature_node.placement.plan import encode_plan  # noqa: PLC0415
    from feature_node.placement.privacy import caps_of  # noqa: PLC0415
    from feature_node.placement.problem import Problem  # noqa: PLC0415

    form = _form(draw)
    fleet = read_fleet(devices)
    net = _network(network, side)
    measured, kept = _table(table, net), _kept(keep, net)
    caps = msgspec.structs.replace(caps_of(measured, net, max_ssim, colluding), kept=kept)
    plan = _planned(Problem.of(net, fleet, caps, topology), _solver(solver, seconds), measured)
    console = Console()
    console.print(plan_table(plan, net, fleet, caps, measured))
    say(console, _summary(plan, net, fleet, caps))
    if draw is not None:
        from privacy_lab.placement.draw import draw_plan  # noqa: PLC0415 - matplotlib, where it is asked for

        _write(draw, draw_plan(plan, net, form))
    if out is not None:
        _write(out, encode_plan(plan))


def plan_table(
    plan: "Plan", network: "Network", fleet: "Fleet", caps: "Caps", measured: "PlacementTable"
) -> Table:
    """Give one row a layer: its maps, the cap, who holds how many and what that gives away, the seconds."""
    table = Table(title=f"{plan.network}, {plan.solver}, {plan.topology}", title_justify="left", box=None)
    table.add_column("layer", no_wrap=True)
    for name in ("maps", "at most", "helpers", "SSIM", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("held by")
    for place_, (layer, held, time) in enumerate(
        zip(network.layers, plan.holders, plan.layer_seconds, strict=True)
    ):
        holders = {device: held.count(device) for device in sorted(set(held))}
        free = caps.is_free(network, place_)
        table.add_row(
            layer.name,
            str(layer.maps_in),
            "" if set(holders) == {-1} else "all" if free else str(caps.share(network, place_)),
            str(sum(device >= 0 for device in holders)),
            _rebuilt(layer.name, holders, measured),
            age_text(time) if time >= _SEEN else "",
            _held_by(holders, fleet),
        )
    return table


def _rebuilt(layer: str, holders: dict[int, int], measured: "PlacementTable") -> str:
    """Say what the helper that holds most of a layer can rebuild, by the table, if that says."""
    most = max((maps for device, maps in holders.items() if device >= 0), default=0)
    ssim = measured.at_most(layer, most) if most else None
    return "" if ssim is None else f"{ssim:.2f}"


def _held_by(holders: dict[int, int], fleet: "Fleet") -> str:
    """Name each holder with its maps where they are few, else how many hold how many."""
    if len(holders) <= _SHOWN:
        return ", ".join(f"{fleet.name_of(device)} {maps}" for device, maps in holders.items())
    alike = Counter(holders.values())
    return ", ".join(f"{many} × {maps}" for maps, many in sorted(alike.items(), reverse=True))


def _summary(plan: "Plan", network: "Network", fleet: "Fleet", caps: "Caps") -> str:
    from feature_node.placement.costs import usage  # noqa: PLC0415 - quick --help

    used = usage(network, plan.holders, plan.topology, len(fleet.devices))
    helpers = len({holder for held in plan.holders for holder in held if holder >= 0})
    safe = network.layers[caps.split :]
    split = f"; from {safe[0].name} on, even all its maps do" if safe else ""
    together = f"any {caps.colluding} helpers together" if caps.colluding > 1 else "any helper"
    return (
        f"{age_text(plan.latency_seconds)} a picture, {bytes_text(float(used.sent.sum()))} sent, "
        f"{count_text(helpers, 'helper')} of {len(fleet.helpers)}. What {together} sees of a layer rebuilds "
        f"pictures to SSIM {caps.max_ssim:g} at most{split}."
    )


def _planned(problem: "Problem", solver: "Solver", table: "PlacementTable") -> "Plan":
    from feature_node.errors import Infeasible  # noqa: PLC0415 - quick --help
    from feature_node.placement.place import place as plan  # noqa: PLC0415 - quick --help
    from feature_node.placement.privacy import least_ssim  # noqa: PLC0415 - quick --help

    network, caps, helpers = problem.network, problem.caps, len(problem.fleet.helpers)
    try:
        return plan(network, problem.fleet, caps, solver=solver, topology=problem.topology)
    except Infeasible as error:
        least = least_ssim(network, table, helpers, caps)
        if error.constraint != "8f" or (least is not None and least <= caps.max_ssim):
            raise
        raise ConfigError(f"{network.name}: {error}. {_ways_out(least, helpers)}") from error


def _ways_out(least: float | None, helpers: int) -> str:
    keep = "let the source keep more of the first layers (--keep)"
    if least is None:
        return f"The table knows no level at which {helpers} helpers may: add helpers, or {keep}."
    return f"{helpers} helpers may at --max-ssim {least:.3f} and above; or {keep}."


def _kept(name: str | None, network: "Network") -> int:
    names = [layer.name for layer in network.layers]
    if name is None:
        return 1
    if name not in names[:-2]:
        raise ConfigError(f"--keep {name}: write one of {', '.join(names[:-2])}")
    return names.index(name) + 1


def _network(name: str, side: int | None) -> "Network":
    from privacy_lab.placement.networks import SIMULATED, planned  # noqa: PLC0415 - torch

    known = {known: known for known in get_args(NetworkName) if known in SIMULATED}
    if name not in known:
        raise ConfigError(f"--network {name}: cannot be placed. Write one of {', '.join(known)}")
    channels, height, width = SIMULATED[known[name]]
    return planned(known[name], (channels, side or height, side or width))


def _table(name: str, network: "Network") -> "PlacementTable":
    from models.placement_table import read_table  # noqa: PLC0415 - quick --help
    from privacy_lab.placement.networks import published_table  # noqa: PLC0415 - torch

    if name == "published":
        return published_table(network)
    if name != "shipped":
        return read_table(Path(name))
    path = _TABLES / f"{network.name}.json"
    if not path.is_file():
        raise ConfigError(
            f"no table of {network.name} ships. Measure one with `penumbra lab place-table {network.name}` "
            "and name it with --table, or write --table published"
        )
    return read_table(path)


def _solver(name: SolverName, seconds: float) -> "Solver":
    from feature_node.placement.greedy import Greedy  # noqa: PLC0415 - quick --help
    from feature_node.placement.place import OURS  # noqa: PLC0415 - quick --help

    if name == "ours":
        return OURS
    if name == "algorithm-1":
        return Greedy()
    from privacy_lab.placement.exact import Exact  # noqa: PLC0415 - SciPy, where it is asked for

    return Exact(seconds)


def _form(path: Path | None) -> str:
    if path is None:
        return ""
    if path.suffix not in {".svg", ".png"}:
        raise ConfigError(f"--draw {path}: write a name that ends in .svg or .png")
    return path.suffix[1:]


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
