"""Lets go of clients that hold a connection and do nothing with it."""

import asyncio
from typing import Any, Final, final

from uvicorn import Server

from monitoring.metrics import LIVE_REFUSED

SWEEP_SECONDS: Final = 5.0


@final
class Connections:
    """The connections of one server.

    The server itself waits without end for a request that never comes, and for a client that reads nothing.
    """

    def __init__(self) -> None:
        self._server: Server | None = None

    def follow(self, server: Server) -> None:
        """Say whose connections these are; the server is made after what it serves."""
        self._server = server

    def abort(self, client: tuple[str, int] | None) -> None:
        """Cut the connection of this client at once, whatever waits to be written."""
        for connection in self._open():
            if connection.client == client:
                connection.transport.abort()

    async def sweep(self, seconds: float = SWEEP_SECONDS) -> None:
        """Cut connections on which no request has come within `seconds`; goes on until cancelled."""
        silent: set[object] = set()
        while True:
            await asyncio.sleep(seconds)
            now = {each for each in self._open() if each.cycle is None}
            for connection in now & silent:
                LIVE_REFUSED.labels("slow").inc()
                connection.transport.abort()
            silent = set(now)

    def _open(self) -> list[Any]:
        return list(self._server.server_state.connections) if self._server else []
