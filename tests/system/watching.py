"""What a viewer sees of the cameras: their states and their answers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

import pytest

from broker.answers import Answer
from broker.private_topics import ANSWERS, CAMERA_STATUS
from broker.status import CameraStatus
from tests.servers import until
from tests.system.pipeline import Setup

SLOW = 60.0
"""Seconds for a source's or a link's longest pause between two attempts, and a busy host."""


@final
class Watcher:
    """What a viewer sees of the cameras."""

    def __init__(self) -> None:
        self.status: dict[str, CameraStatus] = {}
        self.states: dict[str, list[str]] = defaultdict(list)
        self.answers: dict[str, list[Answer]] = defaultdict(list)

    def take_status(self, status: CameraStatus) -> None:
        self.status[status.camera] = status
        if self.states[status.camera][-1:] != [status.state]:
            self.states[status.camera].append(status.state)

    def state(self, camera: str) -> str:
        return self.status[camera].state if camera in self.status else ""

    async def sees(self, camera: str, *states: str) -> CameraStatus:
        """Wait until a camera is in one of these states."""
        await until(lambda: self.state(camera) in states, f"{camera} {' or '.join(states)}", SLOW)
        return self.status[camera]

    async def sees_more_answers(self, camera: str, count: int = 3) -> None:
        """Wait until so many more of a camera's frames are answered."""
        wanted = len(self.answers[camera]) + count
        try:
            await until(lambda: len(self.answers[camera]) >= wanted, f"answers for {camera}", SLOW)
        except pytest.fail.Exception as failure:
            pytest.fail(f"{failure}; its states were {', '.join(self.states[camera])}")


@asynccontextmanager
async def watching(setup: Setup) -> AsyncIterator[Watcher]:
    watcher = Watcher()
    link = setup.viewer()
    statuses, answers = link.subscriber(CAMERA_STATUS, capacity=64), link.subscriber(ANSWERS, capacity=256)

    async def follow_statuses() -> None:
        async for delivery in statuses:
            watcher.take_status(delivery.message)
            delivery.done()

    async def follow_answers() -> None:
        async for delivery in answers:
            watcher.answers[delivery.message.camera].append(delivery.message)
            delivery.done()

    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow_statuses()), tasks.create_task(follow_answers())]
        async with link:
            yield watcher
        for task in following:
            task.cancel()
