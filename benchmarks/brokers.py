"""The brokers that are compared: ours as the product runs it, and a mosquitto as it comes."""

import getpass
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil

from benchmarks.harness import BenchmarkError
from broker.address import BrokerAddress
from broker.child import Child

LOOPBACK: Final = "127.0.0.1"
_PLACES: Final = "/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/sbin"
_NAME: Final = "mosquitto"


def free_port() -> int:
    """Find a loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def mosquitto_pid() -> int:
    """Find the one mosquitto among this process's children.

    Raises:
        BenchmarkError: There is none, or more than one.
    """
    found = [process.pid for process in psutil.Process().children(recursive=True) if process.name() == _NAME]
    if len(found) != 1:
        raise BenchmarkError(f"{len(found)} mosquitto processes run here; mosquitto must be installed")
    return found[0]


@asynccontextmanager
async def plain_mosquitto(folder: Path) -> AsyncIterator[BrokerAddress]:
    """Run a mosquitto that lets everyone in, with its own defaults for everything else."""
    path = shutil.which(_NAME) or shutil.which(_NAME, path=_PLACES)
    if path is None:
        raise BenchmarkError("mosquitto is not installed (scripts/install-test-packages installs it)")
    port = free_port()
    config = folder / f"mosquitto-{port}.conf"
    config.write_text(f"listener {port} {LOOPBACK}\nallow_anonymous true\nuser {getpass.getuser()}\n")
    broker = await Child.start([path, "-c", str(config)])
    try:
        yield BrokerAddress(host=LOOPBACK, port=port)
    finally:
        await broker.stop()
