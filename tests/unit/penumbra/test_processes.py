"""Supervision, with real child programs: small ones of this interpreter."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from penumbra import processes
from penumbra.errors import RunError
from penumbra.processes import Part, PartEvent, python_module, supervise
from tests.servers import until


class Ear:
    """Hears events and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[PartEvent] = []
        self._heard = asyncio.Event()

    def __call__(self, event: PartEvent) -> None:
        self.events.append(event)
        self._heard.set()

    async def until(self, holds: Callable[[list[PartEvent]], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds(self.events):
                self._heard.clear()
                await self._heard.wait()

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events if event.kind != "log"]

    def log(self) -> list[str]:
        return [event.text for event in self.events if event.kind == "log"]


def program(code: str, name: str = "part", stdin: bytes = b"") -> Part:
    return Part(name, (sys.executable, "-u", "-c", code), stdin)


def said(text: str) -> Callable[[list[PartEvent]], bool]:
    return lambda events: any(event.kind == "log" and event.text == text for event in events)


def counted(kind: str, times: int) -> Callable[[list[PartEvent]], bool]:
    return lambda events: sum(event.kind == kind for event in events) >= times


async def ended(process: psutil.Process) -> None:
    """Wait for a process of another parent; one that nobody has reaped yet has ended too."""
    await until(
        lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, f"the end of {process}"
    )


WAIT = "import signal; print('up'); signal.pause()"


async def test_a_part_reads_its_settings_and_ends_by_itself() -> None:
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program("import sys; print('got', sys.stdin.read())", stdin=b'{"a": 1}'))
        await ear.until(counted("ended", 1))
    assert ear.log() == ['got {"a": 1}']
    assert ear.kinds() == ["started", "ended"]


async def test_a_crash_is_told_with_its_last_line_and_the_part_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "FIRST_PAUSE", 0.01)
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program("print('first'); raise ValueError('no such thing')"))
        await ear.until(counted("crashed", 3))
    crashes = [event for event in ear.events if event.kind == "crashed"]
    assert {crash.text for crash in crashes} == {"ValueError: no such thing"}
    assert [crash.pause for crash in crashes[:3]] == [0.01, 0.02, 0.04]


async def test_a_killed_part_comes_back_and_the_others_go_on() -> None:
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program(WAIT, "steady"))
        supervisor.start(program(WAIT, "victim"))
        await ear.until(counted("log", 2))
        victim = next(event.pid for event in ear.events if event.part == "victim" and event.pid)
        os.kill(victim, signal.SIGKILL)
        await ear.until(counted("started", 3))
    told = [(event.part, event.kind) for event in ear.events if event.kind in {"started", "crashed"}]
    assert told[2:] == [("victim", "crashed"), ("victim", "started")]
    assert next(event.text for event in ear.events if event.kind == "crashed") == "killed by SIGKILL"


async def test_refused_settings_are_not_tried_again() -> None:
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program("import sys; print('bundle: no such file', file=sys.stderr); sys.exit(2)"))
        await ear.until(counted("refused", 1))
    assert ear.kinds() == ["started", "refused"]
    assert ear.events[-1].text == "bundle: no such file"


async def test_leaving_stops_the_last_part_first_and_lets_it_drain() -> None:
    drain = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('drained'), sys.exit(0)))\n"
    ear = Ear()
    async with supervise(ear) as supervisor:
        for name in ("analyzer", "edge", "camera"):
            supervisor.start(program(drain + WAIT, name))
        await ear.until(counted("log", 3))
    assert [event.part for event in ear.events if event.text == "drained"] == ["camera", "edge", "analyzer"]


async def test_a_part_that_does_not_end_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "DRAIN_SECONDS", 0.2)
    code = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(child.pid)\nwhile True: signal.pause()"
    )
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program(code))
        await ear.until(counted("log", 1))
        grandchild = psutil.Process(int(ear.log()[0]))
    await ended(grandchild)


async def test_a_flood_of_output_is_bounded() -> None:
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program("print('x' * 5_000_000); print('end')"))
        await ear.until(counted("ended", 1))
    assert max(map(len, ear.log())) <= processes.KEPT_CHARACTERS
    assert ear.log()[-1] == "end"


async def test_a_part_that_never_reads_its_settings_does_not_hold_up_the_stop() -> None:
    ear = Ear()
    async with supervise(ear) as supervisor:
        supervisor.start(program(WAIT, stdin=b"x" * 5_000_000))
        await ear.until(said("up"))
    assert ear.kinds() == ["started"]


async def test_a_program_that_is_not_there_is_an_error() -> None:
    async def start() -> None:
        async with supervise(Ear()) as supervisor:
            supervisor.start(Part("edge", ("/nonexistent/program",)))
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await start()
    assert caught.group_contains(RunError, match="The part edge cannot be started")


async def test_parts_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    (tmp_path / "waiting.py").write_text("import os, signal; print(os.getpid()); signal.pause()")
    boss = (
        "import asyncio\nfrom penumbra.processes import *\n"
        "async def main():\n"
        "    async with supervise(lambda e: e.kind == 'log' and print(e.text, flush=True)) as s:\n"
        "        s.start(Part('p', tuple(w for w in python_module('waiting') if w != '-P')))\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    env = os.environ | {"PYTHONPATH": f"{tmp_path}:{os.pathsep.join(filter(None, sys.path))}"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", boss, stdout=asyncio.subprocess.PIPE, env=env
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        child = psutil.Process(int(await process.stdout.readline()))
    process.kill()
    await process.wait()
    await ended(child)


def test_a_module_is_run_so_that_it_ends_with_us() -> None:
    command = python_module("camera_node")
    assert command[0] == sys.executable
    assert command[-2:] == (str(os.getpid()), "camera_node")
