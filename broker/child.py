"""A child process that ends with its parent, and whose last words are kept for error messages."""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from typing import Final, final

_KEPT_BYTES: Final = 4096
_READ_BYTES: Final = 4096
_GRACE_SECONDS: Final = 3.0


@final
class Child:
    """One run of a program, from `start` to `stop`; what it prints is read, and all but its end dropped.

    Its standard input stays open until `stop`, so that a program may also end itself when it is closed.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail = bytearray()
        self._reader = asyncio.create_task(self._read(), name=f"output of process {process.pid}")

    @classmethod
    async def start(cls, command: Sequence[str], first_input: bytes = b"") -> "Child":
        """Run `command` and write `first_input` to its standard input.

        Raises:
            OSError: The program cannot be run.
        """
        process = await asyncio.create_subprocess_exec(
            *_ending_with_parent(command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the parent, which then ends this in order
        )
        child = cls(process)
        if first_input and process.stdin is not None:
            process.stdin.write(first_input)
            with contextlib.suppress(ConnectionError):  # it has ended already; `wait` says so
                await process.stdin.drain()
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    @property
    def last_words(self) -> str:
        """The end of what it has printed, at most four kilobytes."""
        return self._tail.decode(errors="replace").strip()

    async def wait(self) -> int:
        """Wait for its end; returns its exit status, negative for a signal."""
        status = await self._process.wait()
        await asyncio.wait({self._reader}, timeout=_GRACE_SECONDS)
        return status

    async def stop(self) -> None:
        """Ask it to end, insist after three seconds, and return when it is gone."""
        try:
            if not self.ended:
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
                async with asyncio.timeout(_GRACE_SECONDS):
                    await self._process.wait()
        except TimeoutError:
            self._process.kill()
        finally:
            if not self.ended:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for in `start`
        while data := await self._process.stdout.read(_READ_BYTES):
            self._tail += data
            del self._tail[:-_KEPT_BYTES]


def _ending_with_parent(command: Sequence[str]) -> list[str]:
    # The kernel ends it when this process dies, however that happens. Set by a small program between the two,
    # because code run after fork in a process with threads may lock up. Absent outside Linux.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)
