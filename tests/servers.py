"""Real servers for the tests: each runs on this host alone, is ready when entered and gone when left.

A server can be killed and restarted on the same address, so that a test may pull it from under its clients.
The process dies with the test run even where that is killed: on Linux the kernel ends it with its parent.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import final

import pytest

LOOPBACK = "127.0.0.1"
READY_WITHIN = 15.0
"""Seconds a server may take until it answers; far more than one needs, because the tests share the host."""
POLL = 0.02


def find_program(name: str) -> str | None:
    """Where the program is, also in the folders of system programs, which a user's PATH may leave out."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/sbin")


def require_program(name: str) -> str:
    """The program's path; skips the test where it is absent, or fails it where PENUMBRA_REQUIRE_SERVERS=1."""
    path = find_program(name)
    if path is not None:
        return path
    reason = f"{name} is not installed (scripts/install-test-packages installs it)"
    if os.environ.get("PENUMBRA_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


async def until(
    condition: Callable[[], bool | Awaitable[bool]], what: str, within: float = READY_WITHIN
) -> None:
    """Return as soon as the condition holds; fail the test after `within` seconds, saying what was due."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        held = condition()
        if isinstance(held, Awaitable):
            held = await held
        if held:
            return
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail(f"not within {within:g} s: {what}")
        await asyncio.sleep(POLL)


def dies_with_parent(command: Sequence[str]) -> list[str]:
    """The command that runs `command` and is killed with this process; where the system cannot, as it is."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


@final
class Server:
    """One server process that can be stopped, killed and started again on the same address.

    Attributes:
        name: what it is called in messages.
        port: its TCP port on the loopback address.
        socket: its Unix socket, where it has one.
        directory: where its configuration, data and log are.
    """

    def __init__(
        self, name: str, command: Sequence[str], directory: Path, port: int, socket: Path | None = None
    ) -> None:
        self.name = name
        self.host = LOOPBACK
        self.port = port
        self.socket = socket
        self.directory = directory
        self._command = dies_with_parent(command)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """What the server has printed so far, over all its starts."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def start(self) -> None:
        """Start it and wait until it accepts connections; fails the test with its log where it does not."""
        assert not self.running, f"{self.name} is already running"
        self._spawn()
        deadline = asyncio.get_running_loop().time() + READY_WITHIN
        while not await self._accepts():
            if not self.running or asyncio.get_running_loop().time() > deadline:
                self.kill()
                pytest.fail(f"{self.name} did not start:\n{self.log()}")
            await asyncio.sleep(POLL)

    async def stop(self) -> None:
        """Ask it to end, as an operator would, and wait until it has."""
        await self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(READY_WITHIN)
            self._process = None

    async def restart(self) -> None:
        """Stop it and start it again on the same address."""
        await self.stop()
        await self.start()

    def pause(self) -> None:
        """Freeze it, so that it keeps its connections but answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def _spawn(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            await asyncio.to_thread(self._process.wait, READY_WITHIN)
        finally:
            self.kill()

    async def _accepts(self) -> bool:
        try:
            if self.socket is not None:
                _, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(self.socket)), 1)
            else:
                _, writer = await asyncio.wait_for(asyncio.open_connection(self.host, self.port), 1)
        except (OSError, TimeoutError):
            return False
        # Asked often, the kernel may lend the asker the very port that it asks: it then meets itself.
        met_itself = writer.get_extra_info("sockname") == writer.get_extra_info("peername")
        writer.close()
        await writer.wait_closed()
        return self.running and (self.socket is not None or not met_itself)


@contextmanager
def _private_directory(name: str) -> Iterator[Path]:
    """A short-named folder (Unix sockets allow about 100 characters), removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix=f"penumbra-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def _running(server: Server) -> AsyncIterator[Server]:
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def running_mosquitto(
    *settings: str, config: Path | None = None, port: int | None = None
) -> AsyncIterator[Server]:
    """A mosquitto on a free loopback port, open to anyone unless its settings say otherwise.

    Args:
        *settings: further lines of its configuration, such as "max_packet_size 1000".
        config: a complete configuration file to run instead; `port` is then the port it names.
        port: the port that `config` listens on.
    """
    program = require_program("mosquitto")
    with _private_directory("mosquitto") as directory:
        if config is None:
            port = free_port()
            config = directory / "mosquitto.conf"
            lines = [
                f"listener {port} {LOOPBACK}",
                "persistence false",
                "set_tcp_nodelay true",
                "user root",
            ]
            if not any(line.startswith("allow_anonymous") for line in settings):
                lines.append("allow_anonymous true")
            config.write_text("\n".join([*lines, *settings, ""]))
        assert port is not None, "a complete configuration needs its port named"
        server = Server("mosquitto", [program, "-c", str(config)], directory, port)
        async with _running(server):
            yield server


@asynccontextmanager
async def running_redis(*arguments: str) -> AsyncIterator[Server]:
    """A redis-server without persistence, on a free loopback port and on a Unix socket.

    Args:
        *arguments: further arguments, such as "--maxmemory", "10mb".
    """
    program = require_program("redis-server")
    with _private_directory("redis") as directory:
        port, path = free_port(), directory / "redis.sock"
        command = [program, "--bind", LOOPBACK, "--port", str(port), "--unixsocket", str(path)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(directory), *arguments]
        server = Server("redis-server", command, directory, port, path)
        async with _running(server):
            yield server
