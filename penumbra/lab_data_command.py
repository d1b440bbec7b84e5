"""`penumbra lab data`: what a data set holds, in a few facts, before hours are spent on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from penumbra.lab_needs import require_lab
from penumbra.units import count_text

if TYPE_CHECKING:
    from privacy_lab.data.dataset import Card

_NAMED: Final = 10

NameArgument = Annotated[
    str, typer.Argument(help="A data set, as gender, cifar10 or classes; another word lists all.")
]
DataOption = Annotated[Path, typer.Option("--data", envvar="PENUMBRA_DATA", help="The folder it lies in.")]


def mount(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(data)


def data(name: NameArgument, folder: DataOption = Path("../shared/data")) -> None:
    """Read a data set whole and show its card: counts, sizes, terms, hash, and what could not be read."""
    require_lab()
    # Typer reads this module on every `penumbra --help`, also where OpenCV is not installed.
    from privacy_lab.data.catalogue import read_set  # noqa: PLC0415

    card = read_set(name, folder).card
    table = Table(title=escape(card.name), show_header=False, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in _rows(card):
        table.add_row(key, escape(value))
    Console().print(table)


def _rows(card: "Card") -> Iterator[tuple[str, str]]:
    yield "source", card.source
    yield "terms", card.terms
    yield "pictures", f"{card.pictures:,}"
    yield "classes", ", ".join(f"{name}: {count:,}" for name, count in card.classes.items()) or "none known"
    yield "identities", str(card.identities) if card.identities else "none known"
    yield "smallest", _size(card.smallest)
    yield "largest", _size(card.largest)
    yield "sha256", card.sha256
    if card.skipped:
        unnamed = len(card.skipped) - _NAMED
        more = f" and {unnamed} more" if unnamed > 0 else ""
        counted = count_text(len(card.skipped), "file")
        yield "skipped", f"{counted} could not be read: {', '.join(card.skipped[:_NAMED])}{more}"


def _size(size: tuple[int, int]) -> str:
    height, width = size
    return f"{width} × {height} pixels"
