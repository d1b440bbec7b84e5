"""Exports what was released and what is left, as metrics."""

from collections.abc import Iterable
from functools import partial
from typing import final

from broker.features import Protection
from feature_node.budget.ledger import Ledger
from feature_node.budget.limits import WINDOWS
from monitoring.metrics import (
    BUDGET_LIMIT,
    BUDGET_SPENT,
    EPSILON_JOINT,
    EPSILON_PER_COORDINATE,
    RELEASES,
)


@final
class Gauges:
    """Metrics of the releases, by camera; what is spent is asked of the ledger when it is scraped."""

    def __init__(self, ledger: Ledger | None) -> None:
        self._ledger = ledger
        self._shown: set[str] = set()
        if ledger is not None:
            for window in ledger.limits.limited:
                BUDGET_LIMIT.labels(window).set(ledger.limits.of(window) or 0.0)
            for camera in ledger.cameras:
                self._show_account(camera)

    def show(self, camera: str, protection: Protection, kinds: Iterable[str]) -> None:
        """Export one message: its protection, and for each region whether its release was fresh."""
        if protection.epsilon_joint is not None:
            EPSILON_JOINT.labels(camera).set(protection.epsilon_joint)
        if protection.epsilon_per_coordinate is not None:
            EPSILON_PER_COORDINATE.labels(camera).set(protection.epsilon_per_coordinate)
        for kind in kinds:
            RELEASES.labels(camera, kind).inc()
        self._show_account(camera)

    def _show_account(self, camera: str) -> None:
        if self._ledger is None or camera in self._shown:
            return
        self._shown.add(camera)
        for window in WINDOWS:
            BUDGET_SPENT.labels(camera, window).set_function(partial(self._ledger.spent, camera, window))
