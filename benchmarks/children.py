"""Child programs: modules that read JSON, print one line of JSON, and stay until their input closes."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import msgspec

from benchmarks.harness import BenchmarkError
from broker.plain_json import decode_plain, encode_plain

T = TypeVar("T")

_LONGEST_LINE: Final = 2**24
_GRACE_SECONDS: Final = 5.0
_KEPT: Final = 3000
_MARK: Final = b"answer "


@asynccontextmanager
async def child(module: str, arguments: object) -> AsyncIterator[Process]:
    """Keep `python -m module` running while the context lasts; its first line of input says what to do."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=_LONGEST_LINE,
    )
    assert process.stdin is not None
    process.stdin.write(encode_plain(arguments) + b"\n")
    try:
        yield process
    finally:
        await _end(process)


async def answer_of(process: Process, answer: type[T], timeout: float) -> T:
    """Read the line that the child prints as its answer.

    Raises:
        BenchmarkError: It ended without one, or took too long.
    """
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout):
            async for line in process.stdout:
                if line.startswith(_MARK):
                    return msgspec.json.decode(line.removeprefix(_MARK), type=answer)
    except TimeoutError:
        raise BenchmarkError(f"a child gave no answer within {timeout:g} s") from None
    errors = await process.stderr.read() if process.stderr else b""
    raise BenchmarkError(f"a child gave no answer: {errors.decode(errors='replace')[-_KEPT:]}")


async def ask(module: str, arguments: object, answer: type[T], timeout: float = 300.0) -> T:
    """Run a child for its answer alone."""
    async with child(module, arguments) as process:
        return await answer_of(process, answer, timeout)


def own_arguments(kind: type[T]) -> T:
    """Read, in a child, what it was given."""
    return decode_plain(sys.stdin.buffer.readline(), kind)


def say(answer: object) -> None:
    """Print, in a child, the answer, and wait until the parent has seen enough."""
    sys.stdout.buffer.write(b"\n" + _MARK + msgspec.json.encode(answer) + b"\n")
    sys.stdout.flush()
    while sys.stdin.buffer.read(1):
        pass
    # Libraries with a backlog to deliver would keep the process for as long again.
    os._exit(0)


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            await _drained(process)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _drained(process: Process) -> None:
    if process.stdout is not None:
        await process.stdout.read()
    await process.wait()
