"""The placement of this moment: planned anew whenever the helpers are others than it was made for."""

import time
from collections.abc import Callable
from typing import Final, final

from broker.helpers import HelperCapacity
from feature_node.distributed.messages import MessageSeconds
from feature_node.distributed.planning import Placement, Planner
from feature_node.distributed.roster import Roster
from feature_node.errors import BadExposure, NoPlacement
from monitoring.logs import get_logger
from monitoring.metrics import HELPER_MAPS, HELPER_MAPS_CAP, HELPER_MAPS_SEEN, PLACEMENT_SECONDS, PLACEMENTS

GRACE_SECONDS: Final = 10.0
"""How long the first plan waits for all helpers that are expected: with fewer each would see more maps."""

_Helpers = tuple[HelperCapacity, ...]
_Runs = frozenset[tuple[str, int]]


@final
class Placements:
    """Keeps the placement in step with the roster."""

    def __init__(
        self,
        planner: Planner,
        roster: Roster,
        expected: int,
        *,
        messages: Callable[[], MessageSeconds] = MessageSeconds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Plan first when `expected` helpers are there, or after a while; `messages` says what those cost."""
        self._messages = messages
        self._planner = planner
        self._roster = roster
        self._expected = expected
        self._clock = clock
        self._began = clock()
        self._tried: tuple[_Runs, _Runs] | None = None
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
        working, late = self._roster.working, self._roster.late
        there = (_runs(working), _runs(late))
        if there != self._tried:
            self._plan(working, late, there)
        if self._latest is None:
            raise NoPlacement(self._why_not)
        return self._latest

    def _waits(self, working: _Helpers) -> bool:
        """Whether the first plan still waits for helpers that are expected."""
        first = self._tried is None and len(working) < self._expected
        return first and self._clock() - self._began < GRACE_SECONDS

    def _plan(self, working: _Helpers, late: _Helpers, there: tuple[_Runs, _Runs]) -> None:
        if self._waits(working):
            self._why_not = f"{len(working)} of {self._expected} helpers are there"
            return
        self._tried = there
        try:
            self._latest = self._planned(working, late)
        except (NoPlacement, BadExposure) as error:
            self._latest, self._why_not = None, error.detail if isinstance(error, NoPlacement) else str(error)
            PLACEMENTS.labels("failed").inc()
            get_logger().warning("no placement", side="private", helpers=len(working), detail=self._why_not)
            return
        PLACEMENTS.labels("planned").inc()
        PLACEMENT_SECONDS.set(self._latest.plan.latency_seconds)
        self._export(self._latest)
        get_logger().info("placement", side="private", helpers=len(working), solver=self._latest.plan.solver)

    def _planned(self, working: _Helpers, late: _Helpers) -> Placement:
        """Do without those that are late, unless nobody may stand in for them."""
        try:
            return self._planner.plan(working, self._messages())
        except NoPlacement:
            if not late:
                raise
            there = tuple(sorted((*working, *late), key=lambda one: one.helper))
            return self._planner.plan(there, self._messages())

    def _export(self, placement: Placement) -> None:
        layers = self._planner.network.layers[1:-1]
        for place, (layer, shares) in enumerate(zip(layers, placement.shares, strict=True)):
            HELPER_MAPS_CAP.labels(layer.name).set(self._planner.share(place))
            for helper, maps in self._planner.seen(place).items():
                HELPER_MAPS.labels(helper, layer.name).set(len(shares.get(helper, ())))
                HELPER_MAPS_SEEN.labels(helper, layer.name).set(len(maps))


def _runs(helpers: _Helpers) -> _Runs:
    return frozenset((helper.helper, helper.run) for helper in helpers)
