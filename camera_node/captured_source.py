"""`Source` over a capture process: whatever hangs or crashes there is killed and reported here."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from subprocess import DEVNULL
from types import TracebackType
from typing import Final, Self, final

from camera_node.capture_wire import (
    PREFIX_BYTES,
    Counted,
    Ended,
    Failed,
    Message,
    Opened,
    Order,
    Shot,
    decode,
    encode_order,
    length,
)
from camera_node.decoder_log import ENVIRONMENT, WITH_WARNINGS
from camera_node.errors import BadOption, BadSource, CameraError, MissingExtra, SourceFailed, SourceTimeout
from camera_node.source import Picture, SourceCounts, SourceInfo
from camera_node.source_kind import Kind
from monitoring.masking import mask_source

START_SECONDS: Final = 20.0
"""For a process to start and load its libraries on a busy small machine."""
GRACE_SECONDS: Final = 2.0
"""The capture process gives up first where it can, because it knows the reason."""
CLOSE_SECONDS: Final = 1.0
_READ_OUT_BYTES: Final = 1 << 16

_COMMAND: Final = (sys.executable, "-P", "-m", "camera_node.capture")
_PASSED_ON: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "TMPDIR",
    "TZ",
    "XDG_CACHE_HOME",
)
_LIMITS: Final = {
    # The limits of `broker.bounds`, kept by OpenCV itself before it allocates an image.
    "OPENCV_IO_MAX_IMAGE_WIDTH": "8192",
    "OPENCV_IO_MAX_IMAGE_HEIGHT": "8192",
    "OPENCV_IO_MAX_IMAGE_PIXELS": "50000000",
}
_FFMPEG_OPTIONS: Final[dict[Kind, str]] = {
    # A file from a stranger may name other places to read from; it gets none of them.
    "file": "protocol_whitelist;file,crypto,data",
    "rtsp": "rtsp_transport;tcp|fflags;nobuffer|analyzeduration;1000000",
}


@final
class CapturedSource:
    """A `Source` whose reading, decoding and compressing happen in a process of its own.

    Args:
        order: What to capture and how.
        command: The capture program; another one in tests.
    """

    def __init__(self, order: Order, command: Sequence[str] = _COMMAND) -> None:
        self._order = order
        self._command = command
        self._shown = mask_source(order.source)
        self._process: Process | None = None
        self._info = SourceInfo()
        self._counts = SourceCounts()
        self._patience = max(order.read_timeout, 3.0 / (order.fps or 1.0)) + GRACE_SECONDS

    @property
    def info(self) -> SourceInfo:
        """What the source says about itself, once opened."""
        return self._info

    @property
    def counts(self) -> SourceCounts:
        """What became of its pictures, by the capture's last report."""
        return self._counts

    @property
    def pid(self) -> int | None:
        """The capture process while there is one."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_environment(self._order.kind)
        )
        try:
            await self._give_order(self._process)
            message = await self._receive(self._order.open_timeout + START_SECONDS, "did not open")
            if not isinstance(message, Opened):
                raise SourceFailed(f"{self._shown}: the capture process did not say that it opened.")
        except BaseException:
            await self._stop()
            raise
        self._info = message.info
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def __aiter__(self) -> AsyncIterator[Picture]:
        while True:
            match await self._receive(self._patience, "gave no picture"):
                case Shot(picture, counted):
                    self._counts = SourceCounts(counted.read, counted.dropped)
                    yield picture
                case Counted(read, dropped):
                    self._counts = SourceCounts(read, dropped)
                case Ended():
                    return
                case Opened() | Failed():
                    raise SourceFailed(f"{self._shown}: the capture process spoke out of turn.")

    async def _give_order(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(ConnectionError):
            process.stdin.write(encode_order(self._order) + b"\n")
            await process.stdin.drain()

    async def _receive(self, timeout: float, what: str) -> Message:
        assert self._process is not None and self._process.stdout is not None  # noqa: S101, PT018
        stream = self._process.stdout
        try:
            async with asyncio.timeout(timeout):
                size = length(await stream.readexactly(PREFIX_BYTES))
                message = decode(await stream.readexactly(size))
        except TimeoutError:
            await self._stop()
            raise SourceTimeout(f"{self._shown} {what} for {timeout:g} s; its capture was stopped.") from None
        except asyncio.IncompleteReadError:
            raise SourceFailed(await self._death()) from None
        if isinstance(message, Failed):
            raise _error(message)
        return message

    async def _death(self) -> str:
        assert self._process is not None  # noqa: S101 - see `_receive`
        await self._stop()
        code = self._process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return (
            f"{self._shown}: the capture process died ({how}); the decoder may have crashed on this source."
        )

    async def _stop(self) -> None:
        """Ask the capture to leave by closing its input, then kill it; always reap it."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            await self._see_off(process)
        await _read_out(process)

    async def _see_off(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.close()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await process.wait()
        except TimeoutError:
            await _kill(process)
        except BaseException:
            await asyncio.shield(_kill(process))
            raise


async def _read_out(process: Process) -> None:
    """Read what the pipe still holds: until its end is seen, asyncio keeps the pipe open."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            while await process.stdout.read(_READ_OUT_BYTES):
                pass


async def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _environment(kind: Kind) -> dict[str, str]:
    # A decoder that reads strangers' data is not handed the node's passwords.
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    options = {"OPENCV_FFMPEG_CAPTURE_OPTIONS": _FFMPEG_OPTIONS[kind]} if kind in _FFMPEG_OPTIONS else {}
    warnings = WITH_WARNINGS if kind == "http" else {}
    return passed_on | ENVIRONMENT | _LIMITS | options | warnings


def _error(failed: Failed) -> CameraError:
    match failed.kind:
        case "option":
            return BadOption(failed.text)
        case "source":
            return BadSource(failed.text)
        case "timeout":
            return SourceTimeout(failed.text)
        case "extra":
            return MissingExtra(failed.text)
        case "failed":
            return SourceFailed(failed.text)
