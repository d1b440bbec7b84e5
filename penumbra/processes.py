"""Child processes that are watched: settings on stdin, a bounded log, restarts, and a certain end.

```python
async with supervise(observe) as supervisor:
    supervisor.start(Part("camera", python_module("camera_node"), settings))
    ...                     # observe() hears of each start, crash and end
                            # leaving: SIGTERM to each part, the last started first; SIGKILL when late
```
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, final

from penumbra.errors import RunError

DRAIN_SECONDS: Final = 10.0
STEADY_SECONDS: Final = 30.0
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 15.0
BAD_SETTINGS: Final = 2
KEPT_LINES: Final = 50
KEPT_CHARACTERS: Final = 500

EventKind = Literal["started", "log", "crashed", "refused", "ended"]


@final
@dataclass(frozen=True)
class Part:
    """A program to keep running: a name for people, a command, and what it reads on stdin."""

    name: str
    command: tuple[str, ...]
    stdin: bytes = b""


@final
@dataclass(frozen=True)
class PartEvent:
    """Something that happened to a part.

    Attributes:
        part: The part's name.
        kind: `crashed` is started again after `pause` seconds; `refused` (exit status 2: the settings are
            wrong) and `ended` (exit status 0) are not.
        text: A line of its log, or why it ended.
        pause: Seconds until it is started again.
        pid: Its process id, where it was just started.
    """

    part: str
    kind: EventKind
    text: str = ""
    pause: float = 0.0
    pid: int = 0


Observer = Callable[[PartEvent], None]


def python_module(module: str) -> tuple[str, ...]:
    """The command that runs a module with this interpreter, and ends when this process does."""
    # -P: a folder called `broker` where the user happens to be must not be run in place of the package.
    return (sys.executable, "-P", "-m", "penumbra.child", str(os.getpid()), module)


@contextlib.asynccontextmanager
async def supervise(observer: Observer) -> AsyncIterator["Supervisor"]:
    """A supervisor whose parts are stopped, the last one first, before this returns."""
    async with asyncio.TaskGroup() as tasks:
        supervisor = Supervisor(tasks, observer)
        try:
            yield supervisor
        finally:
            await supervisor.stop()


@final
class Supervisor:
    """Keeps parts running until it is told to stop; made by `supervise`."""

    def __init__(self, tasks: asyncio.TaskGroup, observer: Observer) -> None:
        self._tasks = tasks
        self._observer = observer
        self._watches: list[_Watch] = []

    def start(self, part: Part) -> None:
        """Start a part and keep it running."""
        watch = _Watch(part, self._observer)
        self._watches.append(watch)
        watch.task = self._tasks.create_task(watch.run(), name=f"part {part.name}")

    async def stop(self) -> None:
        """Ask each part to end, the last started first; kill what has not ended in time."""
        for watch in reversed(self._watches):
            await watch.stop()
        self._watches.clear()


@final
class _Watch:
    """One part: its current process, its last lines, and when to start it again."""

    def __init__(self, part: Part, observer: Observer) -> None:
        self._part = part
        self._observer = observer
        self._stopping = asyncio.Event()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Start the process again and again, until it ends by itself or is told to."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            status = await self._once()
            if self._stopping.is_set():
                return
            if status in (0, BAD_SETTINGS):
                self._tell("ended" if status == 0 else "refused", self._last_words(status))
                return
            pause = FIRST_PAUSE if loop.time() - began > STEADY_SECONDS else pause
            self._tell("crashed", self._last_words(status), pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def stop(self) -> None:
        """Tell the process to end and wait until it has."""
        self._stopping.set()
        if self.task is not None:
            await asyncio.wait({self.task})

    async def _once(self) -> int:
        """Run the process to its end; the exit status, negative for the signal that killed it."""
        self._lines.clear()
        process = await self._spawn()
        self._tell("started", pid=process.pid)
        reader = asyncio.create_task(self._read_log(process), name=f"log of {self._part.name}")
        ended = asyncio.create_task(process.wait(), name=f"end of {self._part.name}")
        stopping = asyncio.create_task(self._stopping.wait(), name=f"stop of {self._part.name}")
        feeder = asyncio.create_task(self._feed(process), name=f"settings of {self._part.name}")
        try:
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await _end(process, ended)
        finally:
            stopping.cancel()
            feeder.cancel()
            _kill_group(process)
            # A grandchild that escaped may hold the pipe open; the log is not worth waiting for it.
            await asyncio.wait({reader}, timeout=1.0)
            reader.cancel()
        return await ended

    async def _spawn(self) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._part.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                # Ctrl-C reaches this process alone, which then stops the parts in order.
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(
                f"The part {self._part.name} cannot be started: {self._part.command[0]}: {error.strerror}."
            ) from error

    async def _feed(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101 (asked for a pipe above)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(self._part.stdin)
            await process.stdin.drain()
        process.stdin.close()

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 (asked for a pipe above)
        rest = b""
        while chunk := await process.stdout.read(8192):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._keep(line)
            rest = rest[:KEPT_CHARACTERS]
        self._keep(rest)

    def _keep(self, raw: bytes) -> None:
        line = raw[: 4 * KEPT_CHARACTERS].decode(errors="replace").strip()[:KEPT_CHARACTERS]
        if line:
            self._lines.append(line)
            self._tell("log", line)

    def _last_words(self, status: int) -> str:
        if status < 0:
            return f"killed by {_signal_name(-status)}"
        return last_words(self._lines) or f"exit status {status}"

    def _tell(self, kind: EventKind, text: str = "", pause: float = 0.0, pid: int = 0) -> None:
        self._observer(PartEvent(self._part.name, kind, text, pause, pid))


def last_words(lines: Iterable[str]) -> str:
    """The last line of a log that says something; of a group of errors, the last error it lists."""
    stripped = [line.strip(" |+-") for line in lines]
    telling = [line for line in stripped if any(character.isalpha() for character in line)]
    return telling[-1] if telling else ""


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    if ended.done():
        return
    with contextlib.suppress(ProcessLookupError):
        # Its own children are its own affair: it needs them to drain.
        process.terminate()
    await asyncio.wait({ended}, timeout=DRAIN_SECONDS)
    if not ended.done():
        _kill_group(process)
        await ended


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
