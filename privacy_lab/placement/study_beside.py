"""Table I of Baccour et al. (2020) and what was measured here of the same layers, side by side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.placement_table import PlacementTable, read_table
from privacy_lab.placement.published import PublishedRow, published_rows
from privacy_lab.placement.study_results import Beside, BesideCell

TABLES: Final = Path(__file__).with_name("tables")
"""The tables that ship, one a network."""


def beside_published() -> tuple[Beside, ...]:
    """Give their rows, each with what the shipped table of the same network says."""
    return tuple(_beside(row) for row in published_rows())


def _beside(row: PublishedRow) -> Beside:
    path = TABLES / f"{row.network}.json"
    table = read_table(path) if path.is_file() else None
    return Beside(
        called=row.called,
        network=row.network,
        layer=row.layer,
        data=table.data if table and table.of(row.taken_by) else "",
        cells=tuple(_cells(row, table)),
    )


def _cells(row: PublishedRow, table: PlacementTable | None) -> Iterator[BesideCell]:
    measured = {found.maps: found.ssim for found in table.of(row.taken_by)} if table else {}
    for maps, published in sorted(row.ssim.items()):
        yield BesideCell(maps=maps, published=published, measured=measured.get(maps))
