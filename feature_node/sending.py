"""Sends what the gate has sealed, and sees to it that the frame is answered if that fails."""

import asyncio
from typing import final

from broker.ends import Publisher
from broker.errors import LinkError, TooLarge
from broker.gate import Sealed
from feature_node.flights import Flight, Flights
from feature_node.home import Home
from feature_node.intake import FrameKey, Item, key_of
from feature_node.live.tap import NO_TAP, Tap
from feature_node.way import Released
from monitoring.traces import Span


@final
class Sending:
    """Sends in the background; the places in `Flights` bound how much is under way."""

    def __init__(
        self,
        cloud: Publisher[Sealed],
        flights: Flights,
        home: Home,
        tasks: asyncio.TaskGroup,
        tap: Tap = NO_TAP,
    ) -> None:
        self._cloud = cloud
        self._tap = tap
        self._flights = flights
        self._home = home
        self._tasks = tasks

    def start(self, item: Item, released: Released, started_ns: int) -> None:
        """Expect the result, and send."""
        key = key_of(item.frame)
        flight = Flight(
            stream=released.sealed.stream,
            bundle=released.bundle,
            started_ns=started_ns,
            sent_ns=released.sent_ns,
            boxes=released.boxes,
            bytes_cloud=len(released.sealed.wire),
            protection=released.protection,
            picture=released.picture,
            crossing=released.crossing,
        )
        self._flights.expect(key, flight)
        if self._tap.watched:
            self._tap.left(item.frame, released)
        self._tasks.create_task(
            self._send(key, released.sealed, released.crossing), name=f"send {item.frame.camera}"
        )

    async def _send(self, key: FrameKey, sealed: Sealed, crossing: Span) -> None:
        try:
            with crossing.around("send"):
                await self._cloud.send(sealed)
        except TooLarge:
            self._home.refuse(key, "too-large")
        except LinkError:
            self._home.give_up(key, "cloud-unreachable")
