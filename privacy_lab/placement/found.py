"""What was found of each layer, kept layer by layer: a finished one is not measured again."""

from pathlib import Path
from typing import final

import msgspec

from models.certificate import Figure
from models.placement_table import PlacementTable, TableRow
from privacy_lab.errors import BadData


class Attacked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one attack made of one subset: structural similarity over the pictures attacked."""

    attack: str
    subset: tuple[int, ...]
    ssim: Figure


class CountFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What so many maps give away.

    Attributes:
        maps: How many are held.
        tried: From how many subsets the one attacked was chosen.
        attacks: Each attack that was made.
    """

    maps: int
    tried: int
    attacks: tuple[Attacked, ...]

    @property
    def strongest(self) -> Attacked:
        """The attack with the highest similarity."""
        return max(self.attacks, key=lambda attacked: attacked.ssim.value)

    def by(self, attack: str) -> Attacked | None:
        """Give what the attack of this name reached at best; None where it was not made."""
        made = (attacked for attacked in self.attacks if attacked.attack == attack)
        return max(made, key=lambda attacked: attacked.ssim.value, default=None)


class LayerFound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the maps that some layers take give away.

    Attributes:
        key: Digest of everything that it depends on.
        layers: The layers that take the same maps.
        shape: Maps, height and width.
        floor: What the mean picture reaches, which nobody need hold a map for.
        counts: Fewest maps first.
    """

    key: str
    layers: tuple[str, ...]
    shape: tuple[int, int, int]
    floor: Figure
    counts: tuple[CountFound, ...]


class Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that was found of one network.

    Attributes:
        network: Its name.
        bundle: The id of the bundle it is of; empty where it is of none.
        data: Pictures and attack, in words.
        accuracy: Share of the attacked pictures that it answers rightly; None where that was not asked.
        layers: In order.
        made_by: What measured.
    """

    network: str
    bundle: str
    data: str
    accuracy: float | None
    layers: tuple[LayerFound, ...]
    made_by: str


@final
class Units:
    """A folder of finished layers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> LayerFound | None:
        """Give the layer of this key; None where it is not there, or damaged."""
        try:
            found = msgspec.json.decode((self._folder / f"{key}.json").read_bytes(), type=LayerFound)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found if found.key == key else None

    def keep(self, found: LayerFound) -> None:
        """Write a layer, whole or not at all.

        Raises:
            BadData: the folder cannot be written.
        """
        write_whole(self._folder / f"{found.key}.json", _json(found))


def table_of(found: Found) -> PlacementTable:
    """Give the table that the planner reads.

    Who holds more maps can do whatever who holds fewer can: a row has the strongest attack up to its count.
    """
    rows: list[TableRow] = []
    for layer in found.layers:
        for name in layer.layers:
            rows += _rows(name, layer)
    return PlacementTable(
        network=found.network, bundle=found.bundle, data=found.data, rows=tuple(rows), made_by=found.made_by
    )


def encode_found(found: Found) -> bytes:
    """Give everything as JSON, the same bytes each time."""
    return _json(found) + b"\n"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is never seen half written.

    Raises:
        BadData: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.part")
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError as error:
        raise BadData(f"{path}: cannot be written: {error.strerror}") from error


def _rows(name: str, layer: LayerFound) -> list[TableRow]:
    rows: list[TableRow] = []
    best: Figure | None = None
    for count in sorted(layer.counts, key=lambda count: count.maps):
        figure = count.strongest.ssim
        best = figure if best is None or figure.value > best.value else best
        low, value, high = (_four(part) for part in (best.low, best.value, best.high))
        rows.append(
            TableRow(layer=name, maps_in=layer.shape[0], maps=count.maps, ssim=value, low=low, high=high)
        )
    return rows


def _four(value: float) -> float:
    return round(value, 4)


def _json(value: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1)
