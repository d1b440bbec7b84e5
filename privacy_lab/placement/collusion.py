"""Helpers who put together what they hold: the union of their maps, and what an attack on it found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from privacy_lab.errors import BadData
from privacy_lab.placement.caps_attacked import CapAttacked

Held = Mapping[str, tuple[int, ...]]
"""The maps of each layer that somebody holds."""


class CollusionAttacked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came of helpers who put together what a plan gave them.

    Attributes:
        network: Its name, or the bundle's.
        data: The pictures, in words.
        helpers: How many the plan was made for.
        planned: Against how many who collude.
        together: How many put their maps together.
        found: The cap, what they held together, and what an attack on all of it reached.
    """

    network: str
    data: str
    helpers: int
    planned: int
    together: int
    found: CapAttacked


def union_of(helpers: Sequence[Held], together: int, layers: Sequence[str]) -> Held:
    """Give what those hold together who hold most: of the first of these layers, which tell most, then on."""
    most = sorted(helpers, key=lambda held: [-len(held.get(layer, ())) for layer in layers])[:together]
    union = {layer: sorted({number for held in most for number in held.get(layer, ())}) for layer in layers}
    return {layer: tuple(maps) for layer, maps in union.items() if maps}


def read_collusion(path: Path) -> tuple[CollusionAttacked, ...]:
    """Read what `penumbra lab place-attack --colluding` wrote.

    Raises:
        BadData: it cannot be read, or is something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[CollusionAttacked, ...])
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadData(f"{path}: is not what `place-attack --colluding` wrote: {error}") from error
