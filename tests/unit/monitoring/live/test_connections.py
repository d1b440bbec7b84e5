"""Connections that say nothing are cut; those that work are not."""

import asyncio
import contextlib
from typing import Any

from monitoring.live.connections import Connections
from tests.servers import until


class Connection:
    """One connection as the server keeps it."""

    def __init__(self, port: int, cycle: object = None) -> None:
        self.client = ("127.0.0.1", port)
        self.cycle = cycle
        self.transport = self
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


class Server:
    """A server with some connections."""

    def __init__(self, *connections: Connection) -> None:
        self.server_state: Any = self
        self.connections = set(connections)


async def test_who_asks_nothing_is_cut_and_who_asked_is_not() -> None:
    silent, busy = Connection(1), Connection(2, cycle=object())
    connections = Connections()
    connections.follow(Server(silent, busy))  # type: ignore[arg-type]
    sweeping = asyncio.create_task(connections.sweep(0.01))
    try:
        await until(lambda: silent.aborted, "the silent one cut")
    finally:
        sweeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeping
    assert not busy.aborted


def test_only_the_client_named_is_cut() -> None:
    slow, other = Connection(1), Connection(2)
    connections = Connections()
    connections.abort(("127.0.0.1", 1))
    connections.follow(Server(slow, other))  # type: ignore[arg-type]
    connections.abort(("127.0.0.1", 1))
    assert (slow.aborted, other.aborted) == (True, False)
