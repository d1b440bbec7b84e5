"""`penumbra lab place-table`: how well pictures are rebuilt from some of a layer's feature maps."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

import typer
from rich.console import Console
from rich.table import Table

from models.catalogue import find
from models.placement_table import PlacementTable
from models.reading import load_manifest
from penumbra import lab_options as o
from penumbra.errors import ConfigError
from penumbra.lab_attack_tables import brief
from penumbra.lab_material import read_material
from penumbra.lab_needs import require_lab
from penumbra.lab_sweep_command import texts, whole_numbers
from penumbra.lab_sweeping import SweepBar
from penumbra.saying import say

if TYPE_CHECKING:
    from privacy_lab.placement.found import Found
    from privacy_lab.placement.published import PublishedRow
    from privacy_lab.placement.tables import Asked

Network = Literal["six-conv", "lenet", "vgg16", "vgg19"]

NetworkArgument = Annotated[
    Network | None, typer.Argument(help="The network, of its published width; or --bundle.")
]
BundleOption = Annotated[
    str | None, typer.Option("--bundle", help="Measure this bundle's extractor: a name, or a folder or zip.")
]
SetsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Other pictures: of `penumbra lab data`; classes: --data/LABEL/*."),
]
SideOption = Annotated[
    int | None, typer.Option("--side", min=16, max=512, help="Bring pictures to this many pixels.")
]
OwnOption = Annotated[
    bool, typer.Option("--own", help="With --bundle: the folder holds your own pictures, LABEL/PERSON/.")
]
OutOption = Annotated[Path, typer.Option("--out", help="The folder for the table, and for finished layers.")]
MapsOption = Annotated[
    list[str] | None, typer.Option("--maps", help="Numbers of maps to attack; powers of two if none is said.")
]
LayersOption = Annotated[
    list[str] | None, typer.Option("--layers", help="Attack what these layers take, and no others.")
]

_CAPS: Final = (0.4, 0.5, 0.6, 0.7, 0.8)


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="place-table")(place_table)


def place_table(
    network: NetworkArgument = None,
    *,
    out: OutOption,
    bundle: BundleOption = None,
    data: o.DataOption = o.DATA,
    sets: SetsOption = None,
    side: SideOption = None,
    own: OwnOption = False,
    maps: MapsOption = None,
    layers: LayersOption = None,
    budget: o.BudgetOption = "auto",
    seed: o.SeedOption = 7,
    device: o.DeviceOption = "auto",
    threads: o.ThreadsOption = o.THREADS,
) -> None:
    """Attack some of the maps of each layer, and write the table that plans are made by."""
    if (network is None) == (bundle is None):
        raise ConfigError(f"name a network ({', '.join(get_args(Network))}), or a bundle with --bundle")
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    from privacy_lab.placement.found import table_of  # noqa: PLC0415
    from privacy_lab.placement.tables import Asked, write_tables  # noqa: PLC0415

    console = Console()
    chosen = o.device_for("attacking", device, threads, console)
    asked = Asked(
        out=out,
        budget=o.budget_for(chosen, budget),
        device=chosen,
        counts=whole_numbers("--maps", maps),
        layers=texts(layers),
        sets=texts(sets),
        side=side,
        seed=seed,
    )
    try:
        found = _measured(network, bundle, data, own=own, asked=asked, console=console)
    except KeyboardInterrupt:
        say(console, f"interrupted. Finished layers are in {out}: the same command goes on from there.")
        raise
    for shown in (found_table(found), caps_table(table_of(found))):
        console.print(shown)
    for path in write_tables(found, out):
        say(console, f"wrote {path}")


def found_table(found: "Found") -> Table:
    """Give one row a layer and number of maps: what was reached, by which attack, and what is published."""
    from privacy_lab.placement.published import published_of  # noqa: PLC0415 - quick --help

    table = Table(box=None, title=found.data, title_justify="left")
    table.add_column("layer", overflow="fold")
    for name in ("maps", "SSIM", "attack", "inverse network", "published"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer in found.layers:
        beside = published_of(found.network, layer.layers[0])
        for count in layer.counts:
            best = count.strongest
            inverse = count.by("inverse")
            table.add_row(
                layer.layers[0],
                f"{count.maps} of {layer.shape[0]}",
                brief(best.ssim, 3),
                best.attack,
                f"{inverse.ssim.value:.3f}" if inverse else "",
                _beside(beside, count.maps),
            )
    return table


def caps_table(measured: PlacementTable) -> Table:
    """Give one row a layer: how many of its maps a helper may hold at each level of privacy."""
    table = Table(box=None, title="maps that a helper may hold, by SSIM", title_justify="left")
    table.add_column("layer", overflow="fold")
    for cap in _CAPS:
        table.add_column(f"{cap:g}", justify="right", no_wrap=True)
    for layer in measured.layers:
        table.add_row(layer, *(str(measured.most_maps(layer, cap)) for cap in _CAPS))
    return table


def _measured(
    network: Network | None, bundle: str | None, data: Path, *, own: bool, asked: "Asked", console: Console
) -> "Found":
    from privacy_lab.placement.tables import measure_bundle, measure_network  # noqa: PLC0415 - quick --help

    with SweepBar(console) as bar:
        if network is not None:
            return measure_network(network, data, asked, bar.watch)
        path = find(bundle or "")
        material = read_material(load_manifest(path), data, own=own)
        return measure_bundle(path, material, asked, bar.watch)


def _beside(row: "PublishedRow | None", maps: int) -> str:
    return "" if row is None or maps not in row.ssim else f"{row.ssim[maps]:.2f}"
