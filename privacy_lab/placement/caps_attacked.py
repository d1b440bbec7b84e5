"""Whether a cap holds: the most that a plan may let colluding helpers see, attacked all at once."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import torch

from models.certificate import Figure
from models.placement_table import PlacementTable
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.found import write_whole
from privacy_lab.placement.material import Pictures
from privacy_lab.placement.spy import attack_record, fullest, sights_of
from privacy_lab.placement.walks import Walk

_WORDS: Final = 200
"""As many letters as a table's `data` has."""


class CapAttacked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of one cap.

    Attributes:
        max_ssim: The cap: the similarity that a table promises not to be passed.
        held: How many maps of each layer the colluding held together; empty where a plan may hand out none.
        attack: The strongest attack on all of them; empty where none are held.
        ssim: What it reached; None where none are held.
        floor: What the mean picture reaches.
    """

    max_ssim: float
    held: dict[str, int]
    attack: str = ""
    ssim: Figure | None = None
    floor: Figure | None = None

    @property
    def holds(self) -> bool:
        """Whether what was reached is not above the cap."""
        return self.ssim is None or self.ssim.value <= self.max_ssim


@dataclass(frozen=True, slots=True)
class Spending:
    """What may be spent on attacking caps, where, and by which random choices."""

    effort: Effort
    seed: int
    device: torch.device


def attack_caps(
    table: PlacementTable,
    walk: Walk,
    pictures: Pictures,
    caps: Sequence[float],
    spending: Spending,
    *,
    watch: Callable[[int, int, str], None],
) -> tuple[CapAttacked, ...]:
    """Attack each cap with as many maps of every layer as it lets any number of colluding helpers see.

    However many collude: under a plan against t of them, t hold no more than this together.
    """
    found = []
    for number, cap in enumerate(caps):
        watch(number, len(caps), f"SSIM {cap:g}")
        held = fullest(table, walk, cap, spending.seed)
        found.append(attack_held(held, cap, walk, pictures, spending))
    watch(len(caps), len(caps), "")
    return tuple(found)


def excess(found: Sequence[CapAttacked]) -> float:
    """Give by how much the most that was reached, its interval's upper end, lies over its cap; at least 0."""
    over = (one.ssim.high - one.max_ssim for one in found if one.ssim is not None)
    return max(0.0, math.ceil(100 * max(over, default=0.0)) / 100)


def raised(table: PlacementTable, by: float) -> PlacementTable:
    """Give a table whose upper ends, which caps are compared with, are higher by what layers add together.

    A table's own figures are of one layer each, as those of Baccour et al.; a helper holds maps of several.
    """
    rows = tuple(msgspec.structs.replace(row, high=round(min(1.0, row.high + by), 4)) for row in table.rows)
    said = f"; upper ends raised by {by:g}, what layers add together"
    return msgspec.structs.replace(table, rows=rows, data=table.data[: _WORDS - len(said)] + said)


def write_attacked(path: Path, found: Sequence[msgspec.Struct]) -> None:
    """Write what came of caps as JSON.

    Raises:
        BadData: the file cannot be written.
    """
    write_whole(
        path, msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=1) + b"\n"
    )


def attack_held(
    held: Mapping[str, tuple[int, ...]], cap: float, walk: Walk, pictures: Pictures, spending: Spending
) -> CapAttacked:
    """Attack these maps of these layers, all at once; beside it stands the cap that they were held under."""
    if not held:
        return CapAttacked(cap, {})
    attacked = pictures.attacked.images
    spied = attack_record(
        [sights_of(walk, attacked, held)],
        walk,
        pictures.auxiliary.images,
        attacked,
        spending.effort,
        seed=spending.seed,
        device=spending.device,
    )
    best = spied.strongest
    return CapAttacked(cap, dict(spied.held), best.attack, best.ssim, spied.floor)
