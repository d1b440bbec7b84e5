"""An edge's spread network and its helpers, joined over a broker in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, final

import numpy as np

from broker.helper_topics import CAPACITY, PARTIAL, WEIGHTS, WORK
from broker.helpers import HelperCapacity, HelperPartial, HelperWork, decode_work
from broker.link import Link
from broker.memory import MemoryBroker
from broker.presence import Presence
from broker.topic import Private
from feature_node.distributed.cut import Cut
from feature_node.distributed.exposure import Exposure
from feature_node.distributed.graph import cut_network
from feature_node.distributed.helper import Helper
from feature_node.distributed.pieces import Pieces
from feature_node.distributed.planning import Planner, network_of, source_device
from feature_node.distributed.settings import DistributedSettings
from feature_node.distributed.spread import Spread
from feature_node.placement.privacy import Caps
from feature_node.threads import Threads
from tests.servers import until

Answering = Callable[[Helper, HelperWork], HelperPartial | None]


def capacity(name: str, run: int = 1, **changes: object) -> HelperCapacity:
    fields: dict[str, Any] = {
        "helper": name, "state": "online", "run": run, "memory_bytes": 2**20,
        "multiplications_per_second": 1e9, "bytes_per_second": 1e7,
    }  # fmt: skip
    return HelperCapacity(**(fields | changes))


def planner_of(cut: Cut, file: Path, share: int | None, colluding: int = 1) -> Planner:
    """Let each helper see `share` maps of every layer; None for all of them."""
    network = network_of(cut, "test", ())
    most = tuple(layer.maps_in if share is None else share for layer in network.layers)
    caps = Caps(max_ssim=0.4, colluding=colluding, most=most, split=0 if share is None else len(most))
    exposure = Exposure(file, cut.sha256)
    return Planner(cut, network, caps, source_device(1e9, 1e7), exposure)


@final
class FakeHelper:
    """A helper over memory that can be made to misbehave, stop or come back."""

    def __init__(self, broker: MemoryBroker[Private], name: str, run: int = 1) -> None:
        self.name = name
        self.broker = broker
        self.run = run
        self.answering: Answering = lambda helper, work: helper.answer(work)
        self.core = Helper(name, 2**20)
        self.worked: list[HelperWork] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._link: Link[Private] | None = None

    async def start(self) -> None:
        gone = HelperCapacity(helper=self.name, state="offline")
        presence = Presence(CAPACITY, gone, lambda: capacity(self.name, self.run))
        self._link = self.broker.connection(presence=presence)
        self._tasks = [
            asyncio.create_task(self._weights(self._link)),
            asyncio.create_task(self._work(self._link)),
        ]
        await self._link.__aenter__()

    async def stop(self) -> None:
        """Leave; its weights are gone with it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link is not None:
            await self._link.__aexit__()
        self.core, self._link, self.run = Helper(self.name, 2**20), None, self.run + 1

    async def _weights(self, link: Link[Private]) -> None:
        async for delivery in link.subscriber(WEIGHTS, only=self.name):
            self.core.keep(delivery.message)

    async def _work(self, link: Link[Private]) -> None:
        partials = link.publisher(PARTIAL)
        async for delivery in link.subscriber(WORK, only=self.name):
            self.worked.append(delivery.message)
            answer = self.answering(self.core, delivery.message)
            if answer is not None:
                await partials.send(answer)


@final
class Site:
    """The spread network, its helpers, and every byte between them."""

    def __init__(self, model: bytes, broker: MemoryBroker[Private], spread: Spread, planner: Planner) -> None:
        self.model = model
        self.broker = broker
        self.spread = spread
        self.planner = planner
        self.helpers: dict[str, FakeHelper] = {}

    async def present(self, count: int) -> None:
        def all_there() -> bool:
            report = self.spread.report
            return report is not None and sum(one.working for one in report.helpers.values()) == count

        await until(all_there, f"{count} helpers are there", 5)

    def maps_sent_to(self, name: str) -> int:
        """How many different maps a helper received, by their content, of one batch."""
        work = [
            decode_work(data)
            for path, data in self.broker.published
            if path == f"penumbra/helpers/{name}/work"
        ]
        return len({row for one in work for row in _maps(one)})


def _maps(work: HelperWork) -> list[bytes]:
    values = np.frombuffer(work.maps, "<f4").reshape(work.shape)
    return [values[:, k].tobytes() for k in range(work.shape[1])]


@asynccontextmanager
async def site(
    model: bytes,
    folder: Path,
    helpers: int = 4,
    share: int | None = None,
    **settings: Any,
) -> AsyncIterator[Site]:
    cut, broker = cut_network(model), MemoryBroker(Private)
    planner = planner_of(cut, folder / "seen.json", share)
    async with Threads(2) as threads, broker.connection() as link:
        with suppress(_Over):
            try:
                async with asyncio.TaskGroup() as tasks:
                    told = DistributedSettings(**settings)
                    spread = Spread(cut, Pieces(cut), planner, threads, told, expected=max(1, helpers))
                    made = Site(model, broker, spread, planner)
                    made.spread.join(link, tasks)
                    for number in range(helpers):
                        made.helpers[f"h{number}"] = FakeHelper(broker, f"h{number}")
                        await made.helpers[f"h{number}"].start()
                    if helpers:
                        await made.present(helpers)
                    yield made
                    for helper in made.helpers.values():
                        await helper.stop()
                    raise _Over
            except* _Over:
                pass


class _Over(Exception):
    """The test is over."""
