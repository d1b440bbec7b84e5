"""Serves `/metrics`, `/healthz` and `/readyz` of one node."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, get_args
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import make_wsgi_app

from monitoring.errors import MonitoringError
from monitoring.health import Health, State
from monitoring.metrics import CHECK_STATE, READY

REQUEST_SECONDS: Final = 5
BEAT_SECONDS: Final = 1.0


@contextlib.asynccontextmanager
async def serve(address: str, health: Health) -> AsyncIterator[str]:
    """Serve in the background while the context lasts, and keep the health's heart beating.

    Args:
        address: `HOST:PORT`; port 0 takes a free one; empty serves nothing.
        health: What `/healthz` and `/readyz` report.

    Yields:
        The base address, for example `http://127.0.0.1:9301`; empty where nothing is served.

    Raises:
        MonitoringError: The address cannot be read or is taken.
    """
    beat = asyncio.create_task(_keep_beating(health), name="heartbeat")
    try:
        if not address:
            yield ""
            return
        server = _listen(address, health)
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield f"http://{server.server_address[0]!s}:{server.server_port}"
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join(REQUEST_SECONDS)
    finally:
        beat.cancel()


def _listen(address: str, health: Health) -> WSGIServer:
    host, _, port = address.rpartition(":")
    try:
        return make_server(
            host.strip("[]") or "127.0.0.1", int(port), _application(health), handler_class=_Handler
        )
    except (ValueError, OSError, OverflowError) as error:
        raise MonitoringError(
            f'metrics cannot be served on "{address}": {error}. Write HOST:PORT, for example 127.0.0.1:9301.'
        ) from error


def _application(health: Health) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    _export(health)
    metrics = make_wsgi_app()

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            body: Iterable[bytes] = metrics(environ, start_response)
            return body
        if path == "/healthz":
            status = HTTPStatus.OK if health.alive else HTTPStatus.SERVICE_UNAVAILABLE
            return _answer(start_response, status, {"alive": health.alive})
        if path == "/readyz":
            return _readiness(start_response, health)
        return _answer(start_response, HTTPStatus.NOT_FOUND, {"see": ["/metrics", "/healthz", "/readyz"]})

    return application


def _export(health: Health) -> None:
    """Let `/metrics` say what `/readyz` says, so that Prometheus can raise an alarm; asked at each scrape."""
    READY.set_function(lambda: health.ready)
    for name in health.checks:
        for state in get_args(State):
            CHECK_STATE.labels(name, state).set_function(partial(_finds, health, name, state))


def _finds(health: Health, name: str, state: State) -> bool:
    return health.checks[name]().state == state


def _readiness(start_response: StartResponse, health: Health) -> Iterable[bytes]:
    state, checks = health.report()
    ready = health.ready
    body = {
        "ready": ready,
        "state": state,
        "checks": {name: {"state": check.state, "detail": check.detail} for name, check in checks.items()},
    }
    return _answer(start_response, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, body)


def _answer(start_response: StartResponse, status: HTTPStatus, body: dict[str, Any]) -> Iterable[bytes]:
    start_response(
        f"{status.value} {status.phrase}",
        [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
    )
    return [json.dumps(body).encode() + b"\n"]


class _Handler(WSGIRequestHandler):
    """Gives up on a client that is too slow, and logs nothing."""

    timeout = REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


async def _keep_beating(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(BEAT_SECONDS)
