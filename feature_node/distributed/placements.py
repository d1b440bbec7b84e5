"""The placement of this moment: planned anew whenever the helpers are others than it was made for."""

import time
from collections.abc import Callable
from typing import Final, final

from broker.helpers import HelperCapacity
from feature_node.distributed.planning import Placement, Planner
from feature_node.distributed.roster import Roster
from feature_node.errors import BadExposure, NoPlacement
from monitoring.logs import get_logger
from monitoring.metrics import HELPER_MAPS, HELPER_MAPS_CAP, HELPER_MAPS_SEEN, PLACEMENT_SECONDS, PLACEMENTS

GRACE_SECONDS: Final = 10.0
"""How long the first plan waits for all helpers that are expected: with fewer each would see more maps."""


@final
class Placements:
    """Keeps the placement in step with the roster."""

    def __init__(
        self,
        planner: Planner,
        roster: Roster,
        expected: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Plan first when `expected` helpers are there, or after a while."""
        self._planner = planner
        self._roster = roster
        self._expected = expected
        self._clock = clock
        self._began = clock()
        self._tried: frozenset[tuple[str, int]] | None = None
        self._latest: Placement | None = None
        self._why_not = "no helper is there"

    @property
    def latest(self) -> Placement | None:
        """The placement in use; None while there is none."""
        return self._latest

    @property
    def why_not(self) -> str:
        """Why there is none."""
        return self._why_not if self._latest is None else ""

    def now(self) -> Placement:
        """Give the placement for the helpers that can be given work now.

        Raises:
            NoPlacement: There is none; the text says what fails.
        """
        helpers = self._roster.working
        runs = frozenset((helper.helper, helper.run) for helper in helpers)
        if runs != self._tried:
            self._plan(helpers, runs)
        if self._latest is None:
            raise NoPlacement(self._why_not)
        return self._latest

    def _plan(self, helpers: tuple[HelperCapacity, ...], runs: frozenset[tuple[str, int]]) -> None:
        waiting = self._tried is None and len(helpers) < self._expected
        if waiting and self._clock() - self._began < GRACE_SECONDS:
            self._why_not = f"{len(helpers)} of {self._expected} helpers are there"
            return
        self._tried = runs
        try:
            self._latest = self._planner.plan(helpers)
        except (NoPlacement, BadExposure) as error:
            self._latest, self._why_not = None, error.detail if isinstance(error, NoPlacement) else str(error)
            PLACEMENTS.labels("failed").inc()
            get_logger().warning("no placement", side="private", helpers=len(helpers), detail=self._why_not)
            return
        PLACEMENTS.labels("planned").inc()
        PLACEMENT_SECONDS.set(self._latest.plan.latency_seconds)
        self._export(self._latest)
        get_logger().info("placement", side="private", helpers=len(helpers), solver=self._latest.plan.solver)

    def _export(self, placement: Placement) -> None:
        layers = self._planner.network.layers[1:-1]
        for place, (layer, shares) in enumerate(zip(layers, placement.shares, strict=True)):
            HELPER_MAPS_CAP.labels(layer.name).set(self._planner.share(place))
            for helper, maps in self._planner.seen(place).items():
                HELPER_MAPS.labels(helper, layer.name).set(len(shares.get(helper, ())))
                HELPER_MAPS_SEEN.labels(helper, layer.name).set(len(maps))
