"""Which attacks a battery makes, with how many seeds, on how many pictures."""

from dataclasses import dataclass, field
from typing import Final

from privacy_lab.attacks.reconstructions import Settings
from privacy_lab.battery.people import IDENTITY
from privacy_lab.battery.reconstruction import RECONSTRUCTIONS, references_of
from privacy_lab.errors import LabError

ATTACKS: Final = (*RECONSTRUCTIONS, *IDENTITY)
"""Every attack by name; the floors go with any reconstruction."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        seeds: One whole battery each.
        only: Names of attacks, or of groups (retrieval, verification, rank-privacy); none: all.
        auxiliary: Most regions that an attacker learns from.
        images: Most pictures whose reconstruction is scored.
        records: Most records among which rank privacy ranks.
        settings: Those of the reconstruction attacks.

    Raises:
        LabError: there is no such attack, or nothing to do.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    only: tuple[str, ...] = ()
    auxiliary: int = 10_000
    images: int = 128
    records: int = 2000
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        """Refuse names that are none, and plans of nothing."""
        unknown = [name for name in self.only if not any(_is_of(attack, name) for attack in ATTACKS)]
        if unknown:
            raise LabError(f"{', '.join(unknown)}: no such attack. There are {', '.join(ATTACKS)}")
        if not self.seeds or self.auxiliary < 2 or self.images < 1 or self.records < 2:
            raise LabError(
                f"{len(self.seeds)} seeds, {self.auxiliary} auxiliary regions, {self.images} images and "
                f"{self.records} records: a battery needs 1, 2, 1 and 2 at least"
            )

    @property
    def units(self) -> int:
        """How many units of work this is: attacks and references, each with every seed."""
        wanted = [attack for attack in ATTACKS if self.wants(attack)]
        beside = references_of([attack for attack in wanted if attack in RECONSTRUCTIONS])
        return len(self.seeds) * (len(wanted) + len(beside))

    def wants(self, attack: str) -> bool:
        """Say whether the attack of that name is to be made."""
        return not self.only or any(_is_of(attack, name) for name in self.only)


def _is_of(attack: str, name: str) -> bool:
    return attack == name or attack.startswith(f"{name}-")
