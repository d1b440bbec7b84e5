"""Runs a camera node from settings on stdin: wiring, and nothing else."""

import asyncio
import platform
import signal
import sys
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Final

from broker.errors import BrokerError
from broker.link import Link
from broker.topic import Private
from camera_node.board import StatusBoard
from camera_node.errors import CameraError, SourceFailed
from camera_node.node import failures, private_link, run_cameras
from camera_node.settings import CameraSettings, decode_settings
from monitoring.errors import MonitoringError
from monitoring.health import Check, Health
from monitoring.http import serve
from monitoring.logs import get_logger, set_up_logs
from monitoring.metrics import describe_build
from monitoring.traces import tracing

BAD_SETTINGS: Final = 2


def run(settings: CameraSettings) -> None:
    """Run a camera node until SIGTERM or SIGINT, or until every camera's medium has ended.

    Raises:
        CameraError, BrokerError, MonitoringError: It cannot start, or a camera failed.
    """
    set_up_logs("camera", settings.log_format)
    describe_build(version("penumbra"), platform.python_version(), "camera")
    asyncio.run(_run(settings))


async def _run(settings: CameraSettings) -> None:
    stop = _stop_on_signals()
    boards = {spec.name: StatusBoard(spec) for spec in settings.cameras}
    links = {spec.name: private_link(settings.broker, spec, boards[spec.name]) for spec in settings.cameras}
    async with (
        serve(settings.metrics_address, _health(boards, links)) as address,
        tracing(settings.traces, "camera") as traces,
    ):
        get_logger().info("camera node starts", cameras=sorted(boards), metrics=address)
        await _unless_stopped(run_cameras(settings, boards, links, traces), stop)
    if not stop.is_set() and (why := failures(boards)):
        raise SourceFailed(why)


def _health(boards: Mapping[str, StatusBoard], links: Mapping[str, Link[Private]]) -> Health:
    cameras = {f"camera {name}": board.check for name, board in boards.items()}
    return Health({**cameras, "private": lambda: _check_links(boards, links)})


def _check_links(boards: Mapping[str, StatusBoard], links: Mapping[str, Link[Private]]) -> Check:
    down = {
        name: link.detail
        for name, link in links.items()
        if not link.connected and boards[name].state not in ("ended", "failed")
    }
    return Check("failed" if down else "ok", "; ".join(f"{name}: {why}" for name, why in down.items()))


async def _unless_stopped(work: Awaitable[None], stop: asyncio.Event) -> None:
    """Await the work; from the signal to stop on, let it take leave and return."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait(), name="wait for the signal")
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def main() -> int:
    """Read the settings, run, and put any error of ours into one line."""
    try:
        run(decode_settings(sys.stdin.buffer.read()))
    except (CameraError, BrokerError, MonitoringError) as error:
        print(f"penumbra camera: {error}", file=sys.stderr)  # noqa: T201 - the message to the user
        return BAD_SETTINGS
    return 0


if __name__ == "__main__":
    sys.exit(main())
