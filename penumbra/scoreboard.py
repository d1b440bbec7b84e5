"""All cameras and edges of a site as the private broker tells of them: what table and summary show."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, final

from broker.answers import Answer
from broker.ends import Connection, Subscriber
from broker.private_topics import ANSWERS, CAMERA_STATUS, NODE_STATUS
from broker.status import CameraStatus, NodeStatus
from broker.topic import Private
from penumbra.tally import CameraRow, CameraTally, Totals, sum_totals

MAX_CAMERAS: Final = 1024

T = TypeVar("T")


@final
class Scoreboard:
    """Takes in answers and status; says what they add up to. Cameras it was not told of appear as they speak.

    Args:
        sources: For each known camera its source as it may be shown.
        clock: Seconds, never running backwards.
    """

    def __init__(self, sources: Mapping[str, str], clock: Callable[[], float]) -> None:
        self._clock = clock
        self._cameras = {name: CameraTally(name, source) for name, source in sources.items()}
        self._nodes: dict[str, NodeStatus] = {}
        self._changed = asyncio.Event()

    def answer(self, answer: Answer) -> None:
        """Take in an answer."""
        tally = self._tally(answer.camera)
        if tally is not None:
            tally.answer(answer, self._clock())
            self._changed.set()

    def camera_status(self, status: CameraStatus) -> None:
        """Take in what a camera says of itself."""
        tally = self._tally(status.camera)
        if tally is not None:
            tally.status(status)
            self._changed.set()

    def node_status(self, status: NodeStatus) -> None:
        """Take in what an edge says of itself."""
        self._nodes[status.node] = status
        for camera, dropped in status.dropped.items():
            if camera in self._cameras:
                self._cameras[camera].edge_dropped(dropped)
        for camera, budget in status.budget.items():
            if camera in self._cameras:
                self._cameras[camera].budget(budget)
        self._changed.set()

    def touch(self) -> None:
        """Have those who wait look again, because something else has changed."""
        self._changed.set()

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait until something taken in makes `holds` true."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    @property
    def nodes(self) -> Mapping[str, NodeStatus]:
        """Each edge by its name, as it last spoke."""
        return self._nodes

    def rows(self) -> list[CameraRow]:
        """Each camera as it stands."""
        now = self._clock()
        return [tally.row(now) for tally in self._cameras.values()]

    def totals(self) -> Totals:
        """What all cameras came to since the start."""
        return sum_totals([tally.totals() for tally in self._cameras.values()])

    def _tally(self, camera: str) -> CameraTally | None:
        if camera not in self._cameras:
            if len(self._cameras) >= MAX_CAMERAS:
                return None
            self._cameras[camera] = CameraTally(camera, "")
        return self._cameras[camera]


def follow(
    tasks: asyncio.TaskGroup, connection: Connection[Private], board: Scoreboard
) -> list[asyncio.Task[None]]:
    """Start the tasks that keep a scoreboard up to date from the private broker; cancel them to stop."""
    answers = connection.subscriber(ANSWERS, capacity=256)
    cameras = connection.subscriber(CAMERA_STATUS, capacity=64)
    nodes = connection.subscriber(NODE_STATUS, capacity=64)
    return [
        tasks.create_task(_each(answers, board.answer), name="answers"),
        tasks.create_task(_each(cameras, board.camera_status), name="cameras"),
        tasks.create_task(_each(nodes, board.node_status), name="nodes"),
    ]


async def _each(subscriber: Subscriber[T], take: Callable[[T], None]) -> None:
    async for delivery in subscriber:
        take(delivery.message)
        delivery.done()
