"""Table I of Baccour et al. (2020), to stand beside what is measured here."""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from models.placement_table import PlacementTable, TableRow
from privacy_lab.errors import BadRecipe

_SOURCE: Final = "Baccour et al. 2020, Table I"
_FILE: Final = Path(__file__).with_name("published.yaml")


class PublishedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of their table.

    Attributes:
        called: The data set, as they name it.
        network: Our name of the network.
        layer: The layer that gives the maps, as printed.
        taken_by: The layer of our network that takes them.
        ssim: By the number of maps a device holds.
        maps_in: How many maps our layer takes, where that is more than the most they print.
    """

    called: str
    network: str
    layer: str
    taken_by: str
    ssim: dict[int, float]
    maps_in: int | None = None


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """Read the table."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=tuple[PublishedRow, ...], strict=False)


def published_of(network: str, taken_by: str) -> PublishedRow | None:
    """Give their row of one layer of one network; None where they print none."""
    rows = (row for row in published_rows() if (row.network, row.taken_by) == (network, taken_by))
    return next(rows, None)


def published_table(network: str) -> PlacementTable:
    """Give what they print of one network as a table that plans can be made by, as they made theirs.

    Printed figures have no intervals, and some layers are not printed. What an attack that is stronger than
    theirs gets out of the same maps, `penumbra lab place-table` measures; it is far more.

    Raises:
        BadRecipe: they print nothing of this network.
    """
    printed = [row for row in published_rows() if row.network == network]
    if not printed:
        names = ", ".join(dict.fromkeys(row.network for row in published_rows()))
        raise BadRecipe(f"{network}: {_SOURCE} has no such network; it has {names}")
    rows = tuple(
        TableRow(
            layer=row.taken_by,
            maps_in=row.maps_in or max(row.ssim),
            maps=maps,
            ssim=ssim,
            low=ssim,
            high=ssim,
        )
        for row in printed
        for maps, ssim in sorted(row.ssim.items())
    )
    return PlacementTable(
        network=network, data=f"{printed[0].called}, as printed", rows=rows, made_by=_SOURCE
    )
