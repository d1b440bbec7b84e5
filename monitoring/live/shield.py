"""What every request of the live page goes through: the guard, strict headers, a time limit on each write."""

import asyncio
from collections.abc import Callable
from typing import Final, final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitoring.live.guard import Guard
from monitoring.logs import get_logger
from monitoring.metrics import LIVE_REFUSED

WRITE_SECONDS: Final = 10.0
"""A browser that takes nothing for so long is let go."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Abort = Callable[[tuple[str, int] | None], None]


@final
class Shield:
    """An ASGI application around another.

    Args:
        app: What answers the requests that are let through.
        guard: Says which are not.
        abort: Cuts the connection of a client that takes nothing, by its address.
        write_seconds: How long one write may take.
    """

    def __init__(
        self, app: ASGIApp, guard: Guard, abort: Abort, write_seconds: float = WRITE_SECONDS
    ) -> None:
        self._app = app
        self._guard = guard
        self._abort = abort
        self._write_seconds = write_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it in plain words."""
        if scope["type"] != "http":
            return
        exchange = _Exchange(send, self._write_seconds)
        refusal = self._guard.refusal(Headers(scope=scope))
        try:
            if refusal is None:
                await self._app(scope, receive, exchange.send)
            else:
                LIVE_REFUSED.labels(refusal.reason).inc()
                await PlainTextResponse(refusal.text, refusal.status)(scope, receive, exchange.send)
        except TimeoutError:
            LIVE_REFUSED.labels("slow").inc()
            self._abort(scope.get("client"))
        except Exception as error:  # noqa: BLE001 - one request's fault is not the page's, nor the edge's
            LIVE_REFUSED.labels("error").inc()
            get_logger().error("live page: a request failed", error=type(error).__name__)
            if exchange.started:
                self._abort(scope.get("client"))
            else:
                text = "The page could not answer this. The edge's log says more.\n"
                await PlainTextResponse(text, 500)(scope, receive, exchange.send)


@final
class _Exchange:
    """One answer on its way: adds the headers, and gives up on a client that takes nothing."""

    def __init__(self, send: Send, write_seconds: float) -> None:
        self._send = send
        self._write_seconds = write_seconds
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        async with asyncio.timeout(self._write_seconds):
            await self._send(message)
