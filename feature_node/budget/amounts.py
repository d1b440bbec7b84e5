"""How much noise a fresh release gets: as the site set it, or wider as the budget runs out."""

import math
from functools import lru_cache
from typing import Final, Protocol, final

from feature_node.budget.ledger import Ledger
from feature_node.budget.limits import at_least, at_most
from feature_node.errors import OverCeiling
from feature_node.release.mechanism import Mechanism

SHARE: Final = 10
"""A release spends at most one part in so many of what is left in the tightest window."""
LEAST: Final = 0.01
"""Below this share of the nominal epsilon_joint an answer means nothing, and the frame is held back."""
_LEVELS: Final = 4
"""Amounts between one and its half: few, so that each one's noise is calibrated once."""


class Amounts(Protocol):
    """Chooses the mechanism for the fresh regions of one message."""

    def mechanism_for(self, camera: str, regions: int) -> Mechanism:
        """Give the mechanism with which each of so many regions may be released now; at least one.

        Raises:
            BudgetSpent: None of them may.
            OverCeiling: The message would lose more than the site allows.
        """
        ...


@final
class Fixed:
    """Always the nominal amount of noise; without a ledger nothing is limited but the message."""

    def __init__(self, mechanism: Mechanism, ledger: Ledger | None, ceiling: float | None = None) -> None:
        self._mechanism = mechanism
        self._ledger = ledger
        self._ceiling = ceiling

    def mechanism_for(self, camera: str, regions: int) -> Mechanism:
        """See `Amounts`."""
        epsilon = self._mechanism.cost.epsilon_joint
        if epsilon is not None and self._ceiling is not None and regions * epsilon > self._ceiling:
            raise OverCeiling(regions * epsilon, self._ceiling)
        if epsilon is not None and self._ledger is not None:
            self._ledger.check(camera, epsilon, regions)
        return self._mechanism


@final
class Widening:
    """The nominal amount while there is enough; then each message spends at most a tenth of what is left."""

    def __init__(self, mechanism: Mechanism, ledger: Ledger, ceiling: float | None = None) -> None:
        """Widen the noise of a mechanism that has a joint guarantee."""
        self._nominal = mechanism.cost.epsilon_joint or 0.0
        self._ledger = ledger
        self._ceiling = math.inf if ceiling is None else ceiling
        self._at = lru_cache(maxsize=64)(mechanism.at)
        self._mechanism = mechanism

    def mechanism_for(self, camera: str, regions: int) -> Mechanism:
        """See `Amounts`."""
        left = self._ledger.remaining(camera) / SHARE
        epsilon = widened(self._nominal, min(left, self._ceiling) / regions)
        if epsilon is None and left < self._ceiling:
            raise self._ledger.refusal(camera)
        if epsilon is None:
            raise OverCeiling(regions * self._nominal * LEAST, self._ceiling)
        return self._mechanism if epsilon == self._nominal else self._at(epsilon)


def widened(nominal: float, most: float) -> float | None:
    """Give the largest amount that is at most `most`, from nominal down in steps; None: below the least."""
    if most >= nominal:
        return nominal
    if most < nominal * LEAST:
        return None
    level = math.ceil(_LEVELS * math.log2(nominal / most))
    epsilon = _at_level(nominal, level)
    while at_least(epsilon) > at_most(most):
        level += 1
        epsilon = _at_level(nominal, level)
        if epsilon < nominal * LEAST:
            return None
    return epsilon if epsilon >= nominal * LEAST else None


def _at_level(nominal: float, level: int) -> float:
    return float(nominal * 2 ** (-level / _LEVELS))
