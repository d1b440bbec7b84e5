"""A plan as the edge makes it, and helpers who pool what it gives them: `place-attack --colluding`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

from feature_node.distributed.loading import read_terms
from feature_node.distributed.planning import source_device
from feature_node.distributed.settings import MEMORY_BYTES, WIRELESS_RATE, DistributedSettings
from feature_node.placement.model import Device, Fleet
from feature_node.placement.place import place
from models.manifest import Manifest
from penumbra.lab_attack_tables import brief

if TYPE_CHECKING:
    from privacy_lab.placement.caps_attacked import Spending
    from privacy_lab.placement.collusion import CollusionAttacked, Held
    from privacy_lab.placement.material import Pictures

SPEED: Final = 560e6
"""Multiplications a second of every helper, a Raspberry Pi 3's: alike, so that none is spared."""
_PERIOD: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What is planned, and who pools.

    Attributes:
        bundle: Its folder or zip.
        manifest: Its manifest.
        table: Its table of maps, if not the one that it brings.
        helpers: How many there are.
        together: How many put together what they hold.
    """

    bundle: Path
    manifest: Manifest
    table: Path | None
    helpers: int
    together: int


def attack_colluders(
    asked: Asked,
    caps: Sequence[float],
    pictures: "Pictures",
    spending: "Spending",
    watch: Callable[[int, int, str], None],
) -> "tuple[CollusionAttacked, ...]":
    """Attack the union under each cap: of a plan against single helpers, and of one against as many as pool.

    Raises:
        BadSettings, Infeasible: A cap cannot be kept by so many helpers; the text says what is in the way.
    """
    from privacy_lab.placement.caps_attacked import attack_held  # noqa: PLC0415 - quick --help
    from privacy_lab.placement.collusion import CollusionAttacked  # noqa: PLC0415 - quick --help
    from privacy_lab.placement.walks import walk_of_bundle  # noqa: PLC0415 - quick --help

    plans = [(cap, against) for cap in caps for against in sorted({1, asked.together})]
    # All plans come first: whoever asks for one that cannot be made hears of it before hours of attacks.
    unions = [union_under(asked, cap, against) for cap, against in plans]
    walk, found = walk_of_bundle(asked.bundle), []
    for number, ((cap, against), union) in enumerate(zip(plans, unions, strict=True)):
        watch(number, len(plans), f"SSIM {cap:g}, planned against {against}")
        attacked = attack_held(union, cap, walk, pictures, spending)
        found.append(
            CollusionAttacked(
                network=asked.manifest.name,
                data=pictures.called,
                helpers=asked.helpers,
                planned=against,
                together=asked.together,
                found=attacked,
            )
        )
    watch(len(plans), len(plans), "")
    return tuple(found)


def union_under(asked: Asked, cap: float, against: int) -> "Held":
    """Give what those hold together who hold most under a plan against so many who pool."""
    from privacy_lab.placement.collusion import union_of  # noqa: PLC0415 - quick --help

    settings = DistributedSettings(max_ssim=cap, colluding=against, helpers=asked.helpers, table=asked.table)
    terms = read_terms(asked.bundle, asked.manifest, settings)
    fleet = Fleet(source=source_device(SPEED, WIRELESS_RATE), helpers=tuple(_alike(asked.helpers)))
    plan = place(terms.network, fleet, terms.caps, topology="star")
    names = tuple(layer.name for layer in terms.network.layers)
    held = [
        {names[number]: plan.maps_of(helper, number) for number in range(1, len(names) - 1)}
        for helper in range(asked.helpers)
    ]
    return union_of(held, asked.together, names)


def _alike(many: int) -> Iterator[Device]:
    for number in range(1, many + 1):
        yield Device(
            name=f"h{number}",
            memory_bytes=MEMORY_BYTES,
            multiplications_per_second=SPEED,
            multiplications=SPEED * _PERIOD,
            bandwidth_bytes=WIRELESS_RATE * _PERIOD,
            rate_bytes_per_second=WIRELESS_RATE,
        )


def collusion_table(found: "Sequence[CollusionAttacked]") -> Table:
    """Give one row a plan: against how many it is, what was pooled, and whether the cap holds."""
    table = Table(box=None)
    for name in ("cap", "against", "pooled by", "maps held", "SSIM", "mean picture", "holds"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found:
        one = row.found
        reached, floor = (
            brief(one.ssim, 3) if one.ssim else "",
            f"{one.floor.value:.3f}" if one.floor else "",
        )
        maps, verdict = " ".join(map(str, one.held.values())), "yes" if one.holds else "no"
        table.add_row(f"{one.max_ssim:g}", str(row.planned), str(row.together), maps, reached, floor, verdict)
    return table
