"""The `penumbra` command as a user runs it: a process of its own, with a home of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import final

import psutil

from tests.servers import until

PATIENCE = 60.0
"""Seconds that anything may take here; far more than it needs, because the tests share the host."""


@final
class Command:
    """A running command and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._out = bytearray()
        self._err = bytearray()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = (
            asyncio.create_task(_collect(process.stdout, self._out)),
            asyncio.create_task(_collect(process.stderr, self._err)),
        )

    @property
    def out(self) -> str:
        return self._out.decode()

    @property
    def err(self) -> str:
        return self._err.decode()

    async def said(self, text: str, times: int = 1) -> None:
        """Wait until the command has said something so many times."""
        await until(
            lambda: (self.out + self.err).count(text) >= times or self._process.returncode is not None,
            f"{text!r} {times} times",
            PATIENCE,
        )
        assert (self.out + self.err).count(text) >= times, self.out + self.err

    def part(self, module: str) -> psutil.Process:
        """The process of one part."""
        children = psutil.Process(self._process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == module)

    def everything(self) -> list[psutil.Process]:
        """Every process that the command has started, and theirs."""
        return psutil.Process(self._process.pid).children(recursive=True)

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end; the exit status."""
        async with asyncio.timeout(PATIENCE):
            status = await self._process.wait()
            await asyncio.gather(*self._readers)
        return status

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(*self._readers)


@asynccontextmanager
async def penumbra(home: Path, *arguments: str | Path) -> AsyncIterator[Command]:
    """Run a command; it is killed where it is still there at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "penumbra",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
    )
    command = Command(process)
    try:
        yield command
    finally:
        await command.close()


async def ran(home: Path, *arguments: str | Path) -> tuple[int, Command]:
    """Run a command to its end."""
    async with penumbra(home, *arguments) as command:
        return await command.ended(), command


def environment(home: Path) -> dict[str, str]:
    """This environment with another home, so that a run of the developer's is neither seen nor disturbed."""
    places = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "XDG_DATA_HOME": str(home / "data")}
    return os.environ | places | {"XDG_CACHE_HOME": str(home / "cache"), "COLUMNS": "200"}


async def all_gone(processes: list[psutil.Process]) -> None:
    """Wait until processes have ended; one that nobody has reaped yet has ended too."""

    def gone() -> bool:
        return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)

    await until(gone, "the end of every process that was started", PATIENCE)


async def _collect(stream: asyncio.StreamReader, into: bytearray) -> None:
    while data := await stream.read(65536):
        into += data
