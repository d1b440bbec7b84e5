"""A ledger's file in memory, a clock that is set by hand, and noise that is easy to follow."""

from collections.abc import Mapping
from typing import final

import numpy as np

from feature_node.budget.account import Account
from feature_node.budget.ledger import Ledger
from feature_node.budget.limits import Limits
from feature_node.errors import LedgerUnusable
from feature_node.release.mechanism import Cost, Event, Numbers

NOON = 1_760_011_200
"""A Unix second at which a day's hour and minute begin: 2025-10-09 12:00 UTC."""
HOUR = 3600


@final
class SetClock:
    """A clock that goes when it is told to; called, it gives Unix nanoseconds."""

    def __init__(self, seconds: float = NOON) -> None:
        self.seconds = seconds

    def __call__(self) -> int:
        return int(self.seconds * 10**9)

    def monotonic(self) -> float:
        return self.seconds


@final
class MemoryFile:
    """A `LedgerFile` that outlasts the ledgers that use it."""

    def __init__(self) -> None:
        self.kept: dict[str, Account] = {}
        self.writes = 0
        self.broken = False
        self.closed = False

    def read(self, now_ns: int) -> dict[str, Account]:
        return dict(self.kept)

    def write(self, accounts: Mapping[str, Account]) -> None:
        if self.broken:
            raise LedgerUnusable("told to")
        self.kept = dict(accounts)
        self.writes += 1

    def close(self) -> None:
        self.closed = True


def ledger(clock: SetClock | None = None, file: MemoryFile | None = None, **limits: float | None) -> Ledger:
    return Ledger(Limits(**limits), file or MemoryFile(), clock or SetClock())


@final
class Marking:
    """A mechanism that stores in each payload how often it was drawn from, and costs what it was told to."""

    name = "marking"

    def __init__(
        self,
        epsilon_joint: float | None = 1.0,
        *,
        epsilon_per_coordinate: float | None = None,
        delta: float | None = None,
        draws: list[int] | None = None,
    ) -> None:
        self.cost = Cost(
            epsilon_per_coordinate=epsilon_per_coordinate, epsilon_joint=epsilon_joint, delta=delta
        )
        self.draws = [0] if draws is None else draws

    def at(self, epsilon_joint: float) -> "Marking":
        return Marking(epsilon_joint, delta=self.cost.delta, draws=self.draws)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        first = self.draws[0]
        self.draws[0] += len(numbers)
        return np.arange(first, first + len(numbers), dtype=np.uint8).reshape(-1, 1), ()
