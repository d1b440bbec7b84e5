"""The edge node: frames come in, what may leave goes out, results come home."""

import asyncio
import time
from typing import NoReturn, final

from broker.ends import Subscriber
from broker.frames import Frame
from broker.results import Result
from feature_node.errors import Withheld
from feature_node.flights import Flights
from feature_node.home import Home
from feature_node.intake import Intake, Item, key_of
from feature_node.sending import Sending
from feature_node.tally import Tally
from feature_node.way import Way


@final
class EdgeNode:
    """Runs until its tasks are cancelled."""

    def __init__(
        self, *, intake: Intake, way: Way, flights: Flights, sending: Sending, home: Home, tally: Tally
    ) -> None:
        self._intake = intake
        self._way = way
        self._flights = flights
        self._sending = sending
        self._home = home
        self._tally = tally

    def start(
        self, tasks: asyncio.TaskGroup, frames: Subscriber[Frame], results: Subscriber[Result], workers: int
    ) -> asyncio.Task[None]:
        """Start everything that goes on at the same time; give the task that lets frames in."""
        tasks.create_task(self._home.receive(results), name="results")
        tasks.create_task(self._home.sweep(), name="sweep")
        for number in range(workers):
            tasks.create_task(self._work(), name=f"worker {number}")
        return tasks.create_task(self._intake.receive(frames, self._home.knows), name="frames")

    async def _work(self) -> NoReturn:
        while True:
            item = await self._intake.take(self._flights.has_room)
            self._flights.begin(item)
            try:
                await self._process(item)
            finally:
                item.passed()

    async def _process(self, item: Item) -> None:
        camera, started_ns = item.frame.camera, time.time_ns()
        item.span.past("wait", item.received_ns, started_ns)
        try:
            released = await self._way.release(item)
        except Withheld as error:
            self._tally.withheld(camera, error.reason, str(error), error.standing)
            self._home.refuse(key_of(item.frame), error.reason)
            return
        self._tally.released(camera)
        self._sending.start(item, released, started_ns)
