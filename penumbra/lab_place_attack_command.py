"""`penumbra lab place-attack`: does a cap hold where helpers put together everything they may see?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from models.catalogue import find
from models.errors import UnsupportedBundle
from models.placement_table import PLACEMENT, PlacementTable, encode_table, read_table
from models.reading import load_manifest, read_checked
from penumbra import lab_options as o
from penumbra.errors import ConfigError
from penumbra.lab_attack_tables import brief
from penumbra.lab_material import read_material
from penumbra.lab_needs import require_lab
from penumbra.lab_sweep_command import numbers
from penumbra.lab_sweeping import SweepBar

if TYPE_CHECKING:
    from privacy_lab.placement.caps_attacked import CapAttacked

TableOption = Annotated[
    Path | None, typer.Option("--table", help="Its table of maps, if not the one it brings.")
]
CapsOption = Annotated[
    list[str], typer.Option("--max-ssim", help="The caps to attack, several by commas: 0.5,0.6,0.7.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write what was found to this JSON file.")]
RaisedOption = Annotated[
    Path | None,
    typer.Option("--raised", help="Write the table with upper ends raised by what layers add together."),
]
ColludingOption = Annotated[
    int | None,
    typer.Option(
        "--colluding", min=1, max=64, help="Attack instead what so many of --helpers hold together by a plan."
    ),
]
HelpersOption = Annotated[
    int, typer.Option("--helpers", min=1, max=256, help="With --colluding: helpers of the plan.")
]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="place-attack")(place_attack)


def place_attack(
    bundle: o.BundleArgument,
    *,
    max_ssim: CapsOption,
    table: TableOption = None,
    data: o.PicturesOption = o.DATA,
    own: o.OwnOption = False,
    out: OutOption = None,
    raised: RaisedOption = None,
    colluding: ColludingOption = None,
    helpers: HelpersOption = 8,
    budget: o.BudgetOption = "auto",
    seed: o.SeedOption = 7,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Attack all that helpers of a bundle may see together under a cap, of every layer at once."""
    require_lab()
    caps = _caps(max_ssim, colluding, helpers, raised)
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.placement import caps_attacked as c  # noqa: PLC0415
    from privacy_lab.placement.effort import EFFORTS  # noqa: PLC0415
    from privacy_lab.placement.found import write_whole  # noqa: PLC0415
    from privacy_lab.placement.material import pictures_of_bundle  # noqa: PLC0415
    from privacy_lab.placement.walks import walk_of_bundle  # noqa: PLC0415

    console, path = Console(), find(bundle)
    chosen = o.device_for("attacking", device, threads, console)
    effort = EFFORTS[o.budget_for(chosen, budget)]
    manifest, known = load_manifest(path), _table(path, table)
    pictures = pictures_of_bundle(read_material(manifest, data, own=own), len(manifest.labels), effort)
    spending = c.Spending(effort, seed, chosen)
    if colluding is not None:
        from penumbra import lab_colluding as pool  # noqa: PLC0415 - the edge's own planner

        asked = pool.Asked(path, manifest, table, helpers, colluding)
        with SweepBar(console) as bar:
            pooled = pool.attack_colluders(asked, caps, pictures, spending, bar.watch)
        _said(console, pool.collusion_table(pooled), out, pooled)
        return
    with SweepBar(console) as bar:
        found = c.attack_caps(known, walk_of_bundle(path), pictures, caps, spending, watch=bar.watch)
    _said(console, caps_table(found), out, found)
    if raised:
        write_whole(raised, encode_table(c.raised(known, c.excess(found))))


def _caps(given: list[str], colluding: int | None, helpers: int, raised: Path | None) -> tuple[float, ...]:
    caps = numbers("--max-ssim", given)
    if not caps or not all(-1 <= cap <= 1 for cap in caps):
        raise ConfigError("--max-ssim: give similarities between -1 and 1, several by commas")
    if colluding is not None and raised is not None:
        raise ConfigError("--raised: is made of caps attacked whole; leave out --colluding")
    if colluding is not None and colluding > helpers:
        raise ConfigError(f"--colluding {colluding}: there are {helpers} helpers; raise --helpers")
    return caps


def _said(console: Console, table: Table, out: Path | None, found: "Sequence[msgspec.Struct]") -> None:
    from privacy_lab.placement.caps_attacked import write_attacked  # noqa: PLC0415 - quick --help

    console.print(table)
    if out:
        write_attacked(out, found)


def caps_table(found: "tuple[CapAttacked, ...]") -> Table:
    """Give one row a cap: what may be held, what came of it, and whether the cap holds."""
    table = Table(box=None)
    for name in ("cap", "maps held", "SSIM", "mean picture", "holds"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        if one.ssim is None or one.floor is None:
            table.add_row(f"{one.max_ssim:g}", "none", "", "", "nothing may be handed out")
            continue
        maps = " ".join(map(str, one.held.values()))
        floor, verdict = f"{one.floor.value:.3f}", "yes" if one.holds else "no"
        table.add_row(f"{one.max_ssim:g}", maps, brief(one.ssim, 3), floor, verdict)
    return table


def _table(path: Path, given: Path | None) -> PlacementTable:
    manifest, files = read_checked(path, frozenset({PLACEMENT}))
    if given is not None:
        table = read_table(given)
        if table.bundle != manifest.bundle_id:
            raise UnsupportedBundle(
                f"--table: {given} is of {table.bundle or table.network}, not of {manifest.name} "
                f"({manifest.bundle_id}); measure it with `penumbra lab place-table --bundle`"
            )
        return table
    if PLACEMENT not in files:
        raise UnsupportedBundle(
            f"{path}: brings no {PLACEMENT}; measure one (penumbra lab place-table --bundle)"
        )
    return PlacementTable.decode(files[PLACEMENT], str(path))
