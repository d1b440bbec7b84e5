"""`penumbra lab network`: a network's layers, and what each leaves at the edge if it is cut there."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from penumbra.lab_needs import find_recipe, require_lab, shipped_recipes
from penumbra.units import bytes_text
from privacy_lab.errors import BadRecipe
from privacy_lab.networks.spec import NAMES, USUAL, NetworkName, NetworkSpec

if TYPE_CHECKING:
    from privacy_lab.networks.cost import LayerCost

Takes = tuple[int, int, int]

_EDGE_PARAMETERS: Final = 0.5
_EDGE_MULTIPLY_ADDS: Final = 0.7
"""What an edge may hold and do, so that the cloud still matters."""

NameArgument = Annotated[str, typer.Argument(help=f"A recipe, or a network: {', '.join(NAMES)}.")]
InputOption = Annotated[
    str | None, typer.Option("--input", help="Picture: channels x height x width, as 3x32x32.")
]
LabelsOption = Annotated[int | None, typer.Option("--labels", min=2, max=100_000, help="How many labels.")]
WidthOption = Annotated[float | None, typer.Option("--width", help="Multiplier of every hidden width.")]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(network)


def network(
    name: NameArgument, takes: InputOption = None, labels: LabelsOption = None, width: WidthOption = None
) -> None:
    """Show what each layer costs, and what a cut behind it leaves at the edge and sends."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, which must not wait for torch.
    import torch  # noqa: PLC0415

    from privacy_lab.networks.build import build  # noqa: PLC0415
    from privacy_lab.networks.cost import costs  # noqa: PLC0415

    spec, usual_takes, usual_labels, cut = _meant(name)
    spec = _scaled(spec, width)
    picture = _picture(takes) if takes else usual_takes
    with torch.device("meta"):  # shapes alone: VGG-19 would be half a gigabyte of weights
        built = build(spec, picture, labels or usual_labels)
    layers = costs(built, picture)
    console = Console()
    console.print(_table(f"{name}, {_shape(picture)}", layers, cut))
    console.print(_advice(layers, cut), highlight=False, markup=False)


def _meant(name: str) -> tuple[NetworkSpec, Takes, int, str]:
    if name in NAMES and name != "residual":
        known: NetworkName = msgspec.convert(name, NetworkName)
        takes, labels = USUAL[known]
        return NetworkSpec(known), takes, labels, ""
    if name in NAMES:
        raise BadRecipe(f"{name}: its widths stand in a recipe. Name one of {', '.join(shipped_recipes())}")
    from privacy_lab.recipe import read_recipe  # noqa: PLC0415 - stays quick where no recipe is meant

    try:
        path = find_recipe(name)
    except BadRecipe as error:
        raise BadRecipe(f"{error} Networks: {', '.join(NAMES)}.") from error
    recipe = read_recipe(path)
    return recipe.network, recipe.takes, len(recipe.labels), recipe.split


def _scaled(spec: NetworkSpec, width: float | None) -> NetworkSpec:
    if width is None:
        return spec
    try:
        return msgspec.convert(msgspec.to_builtins(spec) | {"width": width}, NetworkSpec)
    except msgspec.ValidationError as error:
        raise BadRecipe(f"--width {width:g}: {error}") from error


def _picture(text: str) -> Takes:
    found = re.fullmatch(r"([1-9]\d{0,3})[x×]([1-9]\d{0,3})[x×]([1-9]\d{0,3})", text)
    if not found:
        raise BadRecipe(f"--input {text}: give channels x height x width, as 3x32x32")
    channels, height, width = map(int, found.groups())
    return channels, height, width


def _shares(numbers: Sequence[int]) -> list[float]:
    whole = max(1, sum(numbers))
    return [so_far / whole for so_far in accumulate(numbers)]


def _table(title: str, layers: Sequence["LayerCost"], cut: str) -> Table:
    table = Table(title=title, title_justify="left", box=None)
    for heading in ("layer", "gives"):
        table.add_column(heading, no_wrap=True)
    for heading in ("parameters", "edge", "multiply-adds", "edge", "sends"):
        table.add_column(heading, justify="right", no_wrap=True)
    held = _shares([layer.parameters for layer in layers])
    done = _shares([layer.multiply_adds for layer in layers])
    for layer, kept, worked in zip(layers, held, done, strict=True):
        table.add_row(
            f"{layer.name} ◂" if layer.name == cut else layer.name,
            _shape(layer.shape),
            f"{layer.parameters:,}",
            f"{100 * kept:.1f} %",
            _millions(layer.multiply_adds),
            f"{100 * worked:.1f} %",
            bytes_text(layer.activation_bytes),
            style="bold" if layer.name == cut else "",
        )
    parameters = sum(layer.parameters for layer in layers)
    table.add_row("whole", "", f"{parameters:,}", "", _millions(sum(each.multiply_adds for each in layers)))
    return table


def _advice(layers: Sequence["LayerCost"], cut: str) -> str:
    held = _last_within(layers, [layer.parameters for layer in layers], _EDGE_PARAMETERS)
    done = _last_within(layers, [layer.multiply_adds for layer in layers], _EDGE_MULTIPLY_ADDS)
    mark = "◂ is the recipe's split point. " if cut else ""
    return (
        f"{mark}A cut behind a layer leaves the shares under “edge” there and sends that much as float32. "
        f"Down to {held} the edge holds at most {100 * _EDGE_PARAMETERS:.0f} % of the parameters; "
        f"down to {done} it does at most {100 * _EDGE_MULTIPLY_ADDS:.0f} % of the multiply-adds."
    )


def _last_within(layers: Sequence["LayerCost"], numbers: Sequence[int], bound: float) -> str:
    within = [layer.name for layer, share in zip(layers, _shares(numbers), strict=True) if share <= bound]
    return within[-1] if within else "no layer"


def _millions(count: int) -> str:
    return f"{count / 1e6:,.2f} M" if count else "0"


def _shape(sides: Sequence[int]) -> str:
    return "×".join(map(str, sides))
