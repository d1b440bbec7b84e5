"""A network spread over helpers: what was loaded, joined to the wire once the node's link is there."""

import asyncio
from typing import Final, NamedTuple, NoReturn, final

from broker.ends import Connection, Subscriber
from broker.helper_topics import CAPACITY, PARTIAL, WEIGHTS, WORK
from broker.helpers import HelperCapacity
from broker.status import PlacementStatus
from broker.topic import Private
from feature_node.distributed.coordinator import Coordinator
from feature_node.distributed.cut import Cut
from feature_node.distributed.exchange import Exchange
from feature_node.distributed.messages import MessageCosts
from feature_node.distributed.pieces import Pieces
from feature_node.distributed.placements import Placements
from feature_node.distributed.planning import Placement, Planner
from feature_node.distributed.report import report
from feature_node.distributed.roster import MAX_HELPERS, Roster
from feature_node.distributed.segment import Floats
from feature_node.distributed.settings import DistributedSettings
from feature_node.errors import NoPlacement
from feature_node.threads import Threads

LOOK_SECONDS: Final = 0.1


class _Joined(NamedTuple):
    exchange: Exchange
    roster: Roster
    placements: Placements
    coordinator: Coordinator


@final
class Spread:
    """Computes embeddings with whoever helps."""

    def __init__(
        self,
        cut: Cut,
        pieces: Pieces,
        planner: Planner,
        threads: Threads,
        settings: DistributedSettings,
        *,
        expected: int,
    ) -> None:
        """Spread a cut network; the first plan waits a while for `expected` helpers."""
        self._cut = cut
        self._pieces = pieces
        self._planner = planner
        self._threads = threads
        self._settings = settings
        self._expected = expected
        self._joined: _Joined | None = None

    def join(self, private: Connection[Private], tasks: asyncio.TaskGroup) -> None:
        """Begin to listen to helpers on the private broker; called once."""
        exchange = Exchange(private.publisher(WEIGHTS), private.publisher(WORK))
        roster = Roster(exchange.gone)
        costs = MessageCosts(exchange.ping)
        placements = Placements(self._planner, roster, self._expected, messages=lambda: costs.known)
        coordinator = Coordinator(
            self._cut,
            self._pieces,
            self._threads,
            exchange=exchange,
            placement=placements.now,
            outcome=roster.told,
            deadline_seconds=self._settings.deadline_ms / 1000,
        )
        self._joined = _Joined(exchange, roster, placements, coordinator)
        partials = private.subscriber(PARTIAL, capacity=MAX_HELPERS)
        capacities = private.subscriber(CAPACITY, capacity=MAX_HELPERS)
        tasks.create_task(exchange.receive(partials), name="partial outputs")
        tasks.create_task(_listen(capacities, roster, costs), name="helpers")
        tasks.create_task(_keep_ready(placements, coordinator), name="placements")

    async def run(self, batch: Floats) -> Floats:
        """Give the embeddings of pictures, float32 [n, channels, rows, columns], n at least 1.

        Raises:
            NoPlacement, HelpersLate, ExtractorError: See `Coordinator.run`.
        """
        if self._joined is None:
            raise NoPlacement("this node has not joined its helpers")
        return await self._joined.coordinator.run(batch)

    @property
    def why_not(self) -> str:
        """Why nothing can be computed now; empty where it can."""
        return self._joined.placements.why_not if self._joined else "this node has not joined its helpers"

    @property
    def report(self) -> PlacementStatus | None:
        """The placement in use and what it meets; None while there is none."""
        joined = self._joined
        if joined is None or joined.placements.latest is None:
            return None
        return report(joined.placements.latest, self._planner, joined.exchange, joined.roster)


async def _listen(capacities: Subscriber[HelperCapacity], roster: Roster, costs: MessageCosts) -> None:
    async for delivery in capacities:
        delivery.done()
        told, there = delivery.message, roster.present
        begun = told.helper not in there or there[told.helper].run != told.run
        if told.state == "online" and begun and len(there) < MAX_HELPERS:
            # Measured before it is planned with, or the first plan would take messages to be free.
            await costs.measure(told.helper, there)
        roster.announced(told)


async def _keep_ready(placements: Placements, coordinator: Coordinator) -> NoReturn:
    """Plan and give weights as helpers come and go, so that frames find both done; for ever."""
    prepared: Placement | None = None
    while True:
        try:
            placement = placements.now()
        except NoPlacement:
            placement = None
        if placement is not None and placement is not prepared:
            await coordinator.prepare(placement)
        prepared = placement
        await asyncio.sleep(LOOK_SECONDS)
