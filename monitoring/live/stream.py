"""Sends a page the newest states, as server-sent events.

Server-sent events and not a WebSocket: nothing but the edge has anything to say, the browser reconnects by
itself, the request is a plain GET that meets the same guard (cookie, host, origin) as every other one, and
neither side needs another library or protocol.
"""

import asyncio
import contextlib
from typing import Final, final

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from monitoring.errors import TooManyWatchers
from monitoring.live.hub import Hub, Watcher
from monitoring.metrics import LIVE_REFUSED

QUIET_SECONDS: Final = 5.0
RETRY_MILLISECONDS: Final = 1000
RETRY_FULL_SECONDS: Final = 10


@final
class EventStream:
    """An ASGI application that streams while the browser listens.

    Args:
        hub: Where the states come from.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the browser goes or the page closes; refuse where too many watch."""
        with contextlib.ExitStack() as stack:
            try:
                watcher = stack.enter_context(self._hub.watch())
            except TooManyWatchers as full:
                LIVE_REFUSED.labels("full").inc()
                retry = {"Retry-After": str(RETRY_FULL_SECONDS)}
                await PlainTextResponse(f"{full} Close one of them.\n", 503, retry)(scope, receive, send)
                return
            await send(_start())
            await send(_body(f"retry: {RETRY_MILLISECONDS}\n\n".encode()))
            await self._follow(watcher, receive, send)
            await send(_body(b"", more=False))

    async def _follow(self, watcher: Watcher, receive: Receive, send: Send) -> None:
        ends = [
            asyncio.create_task(_gone(receive), name="live-gone"),
            asyncio.create_task(self._hub.closing.wait(), name="live-closing"),
        ]
        newest: asyncio.Task[bytes] | None = None
        try:
            while not any(end.done() for end in ends):
                newest = newest or asyncio.create_task(watcher.newest(), name="live-newest")
                await asyncio.wait(
                    [newest, *ends], timeout=QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                if newest.done():
                    await send(_body(b"event: state\ndata: " + newest.result() + b"\n\n"))
                    newest = None
                else:
                    await send(_body(b": still here\n\n"))
        finally:
            for task in (newest, *ends):
                if task is not None:
                    task.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start() -> Message:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
    return {"type": "http.response.start", "status": 200, "headers": headers}


def _body(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
