"""Runs the page's server in a thread and an event loop of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, final

import uvicorn

from monitoring.live.application import FindPicture, live_application
from monitoring.live.connections import Connections
from monitoring.live.guard import Guard
from monitoring.live.hub import Hub
from monitoring.live.shield import Shield
from monitoring.live.stream import EventStream

GRACE_SECONDS: Final = 1
STOP_SECONDS: Final = 5.0
KEEP_ALIVE_SECONDS: Final = 15
MOST_CONNECTIONS: Final = 64
MOST_HEADERS: Final = 16 * 1024


@final
class PageThread:
    """A server that was started once and is stopped once.

    Args:
        listener: The socket it serves on; closed with the server.
        guard: Says who may see the page.
        picture: Finds a picture; called in the thread.
        on_count: Told how many watch; called in the thread.
        most_watchers: How many may.
        write_seconds: How long one write to a browser may take.
    """

    def __init__(
        self,
        listener: socket.socket,
        guard: Guard,
        picture: FindPicture,
        on_count: Callable[[int], None],
        *,
        most_watchers: int,
        write_seconds: float,
    ) -> None:
        self._listener = listener
        self._guard = guard
        self._picture = picture
        self._on_count = on_count
        self._most_watchers = most_watchers
        self._write_seconds = write_seconds
        self._up: Future[tuple[asyncio.AbstractEventLoop, Hub, uvicorn.Server]] = Future()
        self._thread = threading.Thread(target=self._run, name="live-page", daemon=True)

    async def start(self) -> None:
        """Return once the server takes requests, or raise what kept it from that."""
        self._thread.start()
        await asyncio.wrap_future(self._up)

    async def stop(self) -> None:
        """Tell the watchers, and return when the thread has ended or `STOP_SECONDS` are over."""
        loop, hub, server = self._up.result()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(hub.closing.set)
        server.should_exit = True
        await asyncio.to_thread(self._thread.join, STOP_SECONDS)

    def publish(self, state: bytes) -> None:
        """Offer a state to all watchers; from any thread."""
        loop, hub, _ = self._up.result()
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody watches
            loop.call_soon_threadsafe(hub.publish, state)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._up.done():
                raise
            self._up.set_exception(error)

    async def _serve(self) -> None:
        hub = Hub(self._on_count, self._most_watchers)
        application = live_application(self._guard, EventStream(hub), self._picture)
        connections = Connections()
        shield = Shield(application, self._guard, connections.abort, self._write_seconds)
        server = uvicorn.Server(_settings(shield))
        connections.follow(server)
        self._up.set_result((asyncio.get_running_loop(), hub, server))
        sweeping = asyncio.create_task(connections.sweep(), name="live-sweep")
        try:
            await server.serve(sockets=[self._listener])
        finally:
            sweeping.cancel()


def _settings(shield: Shield) -> uvicorn.Config:
    return uvicorn.Config(
        shield,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        # Its log would hold addresses with tokens; ours says what failed.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MOST_HEADERS,
    )
