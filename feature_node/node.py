"""The edge node: frames come in, what may leave goes out, results come home."""

import asyncio
import time
from typing import Final, NoReturn, final

from broker.ends import Publisher, Subscriber
from broker.errors import LinkError, TooLarge
from broker.frames import Frame
from broker.gate import Sealed
from broker.results import Result
from feature_node.errors import Withheld
from feature_node.flights import Flight, Flights
from feature_node.home import Home
from feature_node.intake import FrameKey, Intake, Item, key_of
from feature_node.tally import Tally
from feature_node.way import Way


@final
class EdgeNode:
    """Runs until its tasks are cancelled."""

    def __init__(
        self,
        *,
        intake: Intake,
        way: Way,
        flights: Flights,
        home: Home,
        cloud: Publisher[Sealed],
        tally: Tally,
    ) -> None:
        self._intake: Final = intake
        self._way: Final = way
        self._flights: Final = flights
        self._home: Final = home
        self._cloud: Final = cloud
        self._tally: Final = tally

    def start(
        self,
        tasks: asyncio.TaskGroup,
        frames: Subscriber[Frame],
        results: Subscriber[Result],
        workers: int,
    ) -> asyncio.Task[None]:
        """Start everything that goes on at the same time; give the task that lets frames in."""
        tasks.create_task(self._home.receive(results), name="results")
        tasks.create_task(self._home.sweep(), name="sweep")
        for number in range(workers):
            tasks.create_task(self._work(tasks), name=f"worker {number}")
        return tasks.create_task(self._intake.receive(frames, self._home.knows), name="frames")

    async def _work(self, tasks: asyncio.TaskGroup) -> NoReturn:
        while True:
            item = await self._intake.take(self._flights.has_room)
            self._flights.begin(item)
            try:
                await self._process(item, tasks)
            finally:
                item.passed()

    async def _process(self, item: Item, tasks: asyncio.TaskGroup) -> None:
        key, camera, started_ns = key_of(item.frame), item.frame.camera, time.time_ns()
        try:
            released = await self._way.release(item)
        except Withheld as error:
            self._tally.withheld(camera, error.reason, str(error))
            self._home.refuse(key, error.reason)
            return
        self._tally.released(camera)
        self._flights.expect(key, Flight(
            stream=released.sealed.stream, bundle=released.bundle, started_ns=started_ns,
            sent_ns=released.sent_ns, boxes=released.boxes, bytes_cloud=len(released.sealed.wire),
            protection=released.protection,
        ))  # fmt: skip
        tasks.create_task(self._send(key, released.sealed), name=f"send {camera}")

    async def _send(self, key: FrameKey, sealed: Sealed) -> None:
        try:
            await self._cloud.send(sealed)
        except TooLarge:
            self._home.refuse(key, "too-large")
        except LinkError:
            self._home.give_up(key, "cloud-unreachable")
