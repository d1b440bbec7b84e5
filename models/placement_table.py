"""How well pictures can be rebuilt from some of a layer's feature maps: measured, and what it allows.

A row says: who holds `maps` of the `maps_in` maps that `layer` takes rebuilds pictures up to `ssim`. A layer
has the name that it has in the network, and its maps are those that it takes in, as in Baccour et al.,
"DistPrivacy" (2020), Section II: their row "ReLU11" of Table I is the row of the layer behind ReLU11.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

import msgspec

from models.errors import BadTable, BundleNotFound

PLACEMENT: Final = "placement.json"
SCHEMA: Final = 1
MAX_TABLE_BYTES: Final = 4 << 20

Similarity = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Maps = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class TableRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the strongest attack got out of some maps of one layer.

    Attributes:
        layer: The layer that takes the maps.
        maps_in: How many maps it takes in all.
        maps: How many of them the attacker held.
        ssim: Structural similarity of what it rebuilt to the pictures, their mean.
        low: Lower end of the 95 % interval.
        high: Upper end; what a cap is compared with.
    """

    layer: Short
    maps_in: Maps
    maps: Maps
    ssim: Similarity
    low: Similarity
    high: Similarity

    def __post_init__(self) -> None:
        """Refuse more maps than there are, and a figure outside its interval."""
        if self.maps > self.maps_in:
            raise ValueError(f"{self.layer}: {self.maps} maps of {self.maps_in}")
        if not self.low <= self.ssim <= self.high:
            raise ValueError(f"{self.layer}: {self.ssim} lies outside {self.low} to {self.high}")


class PlacementTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Rows of one network on one kind of pictures, layers in the order in which pictures pass them.

    Attributes:
        network: The network's name.
        bundle: The id of the bundle whose extractor was attacked; empty where it was none.
        data: The pictures, and the attack that was trained on them.
        rows: Layer by layer.
        made_by: Program that measured, or the publication.
    """

    schema: Literal[1] = SCHEMA
    network: Short
    bundle: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{16})?$")] = ""
    data: Short
    rows: tuple[TableRow, ...]
    made_by: Short

    def __post_init__(self) -> None:
        """Refuse no rows, a layer in two places or of two sizes, and a number of maps twice."""
        if not self.rows:
            raise ValueError("a table without rows says nothing")
        sizes: dict[str, int] = {}
        last = ""
        for row in self.rows:
            if row.layer != last and row.layer in sizes:
                raise ValueError(f"rows of {row.layer} stand apart")
            if sizes.setdefault(row.layer, row.maps_in) != row.maps_in:
                raise ValueError(f"{row.layer} takes {sizes[row.layer]} maps or {row.maps_in}: which?")
            last = row.layer
        if len({(row.layer, row.maps) for row in self.rows}) < len(self.rows):
            raise ValueError("a layer has two rows of as many maps")

    @property
    def layers(self) -> tuple[str, ...]:
        """The measured layers, in order."""
        return tuple(dict.fromkeys(row.layer for row in self.rows))

    def of(self, layer: str) -> tuple[TableRow, ...]:
        """Give the rows of a layer, fewest maps first; none where it was not measured."""
        return tuple(sorted((row for row in self.rows if row.layer == layer), key=lambda row: row.maps))

    def most_maps(self, layer: str, max_ssim: float) -> int:
        """Give Nf^l: the largest measured number of maps at which, and below which, `max_ssim` holds.

        The upper ends of the intervals are compared. 0 where one map is too much or nothing was measured.
        """
        most = 0
        for row in self.of(layer):
            if row.high > max_ssim:
                break
            most = row.maps
        return most

    def at_most(self, layer: str, maps: int) -> float | None:
        """Give how similar a picture can be that is rebuilt from so many maps of a layer, the upper end.

        That of the next larger number that was measured, and never less than that of a smaller one. 0 for no
        maps; None where the layer was not measured.
        """
        rows = self.of(layer)
        if not rows or not maps:
            return None if maps else 0.0
        enough = next((place for place, row in enumerate(rows) if row.maps >= maps), len(rows) - 1)
        return max(row.high for row in rows[: enough + 1])

    def split_point(self, max_ssim: float) -> str | None:
        """Give SP: the first layer from which on all maps together keep `max_ssim`; none where none does."""
        first = None
        for layer in reversed(self.layers):
            rows = self.of(layer)
            if self.most_maps(layer, max_ssim) < rows[-1].maps_in:
                break
            first = layer
        return first

    @classmethod
    def decode(cls, data: bytes, where: str) -> Self:
        """Read a table from JSON.

        Raises:
            BadTable: it is not one; the text names what is wrong.
        """
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadTable(
                f"{where}: {error}; a table is written by `penumbra lab place-table`, schema {SCHEMA}"
            ) from error


def encode_table(table: PlacementTable) -> bytes:
    """Give the table as JSON for people and programs, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(table, order="deterministic"), indent=2) + b"\n"


def read_table(path: Path) -> PlacementTable:
    """Read the table at `path`.

    Raises:
        BundleNotFound: it cannot be read.
        BadTable: it is not a table.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise BundleNotFound(f"{path}: {error.strerror}; name the table that was measured") from error
    if len(data) > MAX_TABLE_BYTES:
        raise BadTable(f"{path}: larger than {MAX_TABLE_BYTES} bytes, so it is not a table of maps")
    return PlacementTable.decode(data, str(path))
