"""What Ryu et al. (2022) print in their Tables 2 to 6, to stand beside what is found here."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_FILE: Final = Path(__file__).with_name("published.yaml")


class PublishedCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One split case of one set: accuracy in percent, errors in squared grey levels, PSNR as printed."""

    baseline: float
    accuracy: tuple[float, ...]
    mse: tuple[float, ...]
    ssim: tuple[float, ...]
    psnr: tuple[float, ...]


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Their fifteen amounts of noise, and their three cases of each set."""

    epsilons: tuple[float, ...]
    sets: Mapping[str, tuple[PublishedCase, ...]]

    def case(self, called: str, case: int) -> PublishedCase | None:
        """Give one case of the set that they call so; None where they have none."""
        cases = self.sets.get(called, ())
        return cases[case - 1] if 1 <= case <= len(cases) else None

    def at(self, called: str, case: int, epsilon: float) -> dict[str, float]:
        """Give what they print for one amount by name; nothing where they print nothing."""
        found = self.case(called, case)
        if found is None or epsilon not in self.epsilons:
            return {}
        place = self.epsilons.index(epsilon)
        return {name: getattr(found, name)[place] for name in ("accuracy", "mse", "ssim", "psnr")}


@cache
def published() -> Published:
    """Read the tables."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=Published)
