"""One node process of the tests: settings on stdin, its log kept, ended in order or killed, started again."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.servers import READY_WITHIN, dies_with_parent, until

NODE_READY_WITHIN = 60.0
"""Seconds a node may take until it is ready: it loads libraries and networks on a shared, busy host."""
DRAINED_WITHIN = 30.0
REPOSITORY = Path(__file__).parent.parent.parent

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@final
class Node:
    """A node that can be stopped, killed and started again with the same settings.

    Attributes:
        name: what it is called in messages; its log is `folder/name.log`.
    """

    def __init__(self, name: str, module: str, settings: bytes, folder: Path) -> None:
        self.name = name
        self._command = dies_with_parent([sys.executable, "-P", "-m", module])
        self._input = folder / f"{name}.settings.json"
        self._input.write_bytes(settings)
        self._log = folder / f"{name}.log"
        self._log.touch()
        self._began = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def log(self) -> str:
        """What it has printed over all its starts."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start the process; it may still take a while until it serves."""
        assert not self.running, f"{self.name} is already running"
        self._began = self._log.stat().st_size
        with self._input.open("rb") as settings, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._log.parent,
                stdin=settings,
                stdout=log,
                stderr=log,
                env=_environment(),
            )

    @property
    def served_at(self) -> str:
        """Where it serves its pages since its last start, as HOST:PORT; empty while it does not."""
        found = _ADDRESS.search(self._log.read_bytes()[self._began :].decode(errors="replace"))
        return found[0].removeprefix("http://") if found else ""

    async def alive(self) -> None:
        """Wait until it answers `/healthz`."""
        await until(self._answers, f"{self.name} alive", NODE_READY_WITHIN)

    async def ready(self) -> None:
        """Wait until `/readyz` says that it is ready; fails the test with its log otherwise."""
        try:
            await until(self._is_ready, f"{self.name} ready", NODE_READY_WITHIN)
        except pytest.fail.Exception as failure:
            pytest.fail(f"{failure}; it says:\n{self.log()[-4000:]}")

    async def readiness(self) -> dict[str, Any]:
        """What `/readyz` says now; an empty object while nothing answers."""
        status, body = await self._get("/readyz")
        return json.loads(body) if status else {}

    async def stop(self) -> None:
        """Ask it to end, as an operator would; it must do so with status 0."""
        status = await self.end(signal.SIGTERM)
        assert status == 0, f"{self.name} ended with status {status}:\n{self.log()[-4000:]}"

    async def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; returns the status."""
        assert self._process is not None, f"{self.name} is not running"
        self._process.send_signal(number)
        try:
            await until(lambda: not self.running, f"{self.name} ended", DRAINED_WITHIN)
            return int(self._process.returncode)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(READY_WITHIN)
            self._process = None

    async def metrics(self) -> "Metrics":
        """Read `/metrics`."""
        status, body = await self._get("/metrics")
        assert status == 200, f"{self.name} serves no metrics:\n{self.log()[-4000:]}"
        return Metrics(body.decode())

    def resident_bytes(self) -> int:
        """Its resident memory."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def assert_no_traceback(self) -> None:
        """A traceback in the log is a defect, whatever else happened."""
        assert "Traceback" not in self.log(), f"{self.name} printed a traceback:\n{self.log()[-8000:]}"

    async def _answers(self) -> bool:
        assert self.running, f"{self.name} ended by itself:\n{self.log()[-4000:]}"
        return (await self._get("/healthz"))[0] == 200

    async def _is_ready(self) -> bool:
        assert self.running, f"{self.name} ended by itself:\n{self.log()[-4000:]}"
        return (await self._get("/readyz"))[0] == 200

    async def _get(self, path: str) -> tuple[int, bytes]:
        place = self.served_at
        return await asyncio.to_thread(_fetch, f"http://{place}{path}") if place else (0, b"")


@final
class Metrics:
    """A page of metrics: `metrics["penumbra_frames_read_total", "front"]` (label values in any order)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples: dict[tuple[str, frozenset[str]], float] = {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __getitem__(self, key: str | tuple[str, ...]) -> float:
        name, *labels = (key,) if isinstance(key, str) else key
        return self.samples.get((name, frozenset(labels)), 0.0)

    def total(self, name: str) -> float:
        """The sum over all label values."""
        return sum(value for (sample, _), value in self.samples.items() if sample == name)


@contextmanager
def killed_at_the_end(*nodes: Node) -> Iterator[None]:
    try:
        yield
    finally:
        for node in nodes:
            node.kill()


def _environment() -> Mapping[str, str]:
    # The node runs in its own folder, so that a file of the repository is never found by accident.
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def _fetch(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own loopback address
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""
