"""Whether a cap holds: the most that a plan may let colluding helpers see, attacked all at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

from models.certificate import Figure
from models.placement_table import PlacementTable
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.found import write_whole
from privacy_lab.placement.material import Pictures
from privacy_lab.placement.spy import attack_record, fullest, sights_of
from privacy_lab.placement.walks import Walk


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
        found.append(_attacked(table, walk, pictures, cap, spending))
    watch(len(caps), len(caps), "")
    return tuple(found)


def write_attacked(path: Path, found: Sequence[CapAttacked]) -> None:
    """Write what came of caps as JSON.

    Raises:
        BadData: the file cannot be written.
    """
    write_whole(
        path, msgspec.json.format(msgspec.json.encode(found, order="deterministic"), indent=1) + b"\n"
    )


def _attacked(
    table: PlacementTable, walk: Walk, pictures: Pictures, cap: float, spending: Spending
) -> CapAttacked:
    held = fullest(table, walk, cap, spending.seed)
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
