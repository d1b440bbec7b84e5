"""Table I of Baccour et al. (2020), to stand beside what is measured here."""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_FILE: Final = Path(__file__).with_name("published.yaml")


class PublishedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of their table.

    Attributes:
        called: The data set, as they name it.
        network: Our name of the network.
        layer: The layer that gives the maps, as printed.
        taken_by: The layer of our network that takes them.
        ssim: By the number of maps a device holds.
    """

    called: str
    network: str
    layer: str
    taken_by: str
    ssim: dict[int, float]


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """Read the table."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=tuple[PublishedRow, ...], strict=False)


def published_of(network: str, taken_by: str) -> PublishedRow | None:
    """Give their row of one layer of one network; None where they print none."""
    rows = (row for row in published_rows() if (row.network, row.taken_by) == (network, taken_by))
    return next(rows, None)
