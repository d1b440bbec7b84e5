"""`Source`: an async iterator of pictures with their capture times, whatever they come from."""

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Protocol, Self

import msgspec


class Picture(msgspec.Struct, frozen=True):
    """One picture, compressed and with its privacy zones already black.

    Attributes:
        jpeg: The picture.
        width: Pixels across the decoded picture.
        height: Pixels down the decoded picture.
        captured_ns: When it was read, Unix time in nanoseconds.
        position: Seconds into the medium; for a live source since it was opened.
        changed: Whether it shows anything else than the pictures before it.
    """

    jpeg: bytes
    width: int
    height: int
    captured_ns: int
    position: float
    changed: bool = True


class SourceInfo(msgspec.Struct, frozen=True):
    """What an opened source says about itself.

    Attributes:
        width: Pixels across, before any resizing; 0 if it does not say.
        height: Pixels down; 0 if it does not say.
        fps: Pictures a second; 0 if it does not say.
        total: How many pictures it holds by its own account; None for a live or looping one.
    """

    width: int = 0
    height: int = 0
    fps: float = 0.0
    total: int | None = None


class SourceCounts(msgspec.Struct, frozen=True):
    """What became of the pictures inside a source so far.

    Attributes:
        read: Pictures read, whether they were passed on or not.
        dropped: Pictures not passed on, by reason: `rate` (left out by the chosen rate, so no loss),
            `superseded`, `undecodable`, `too-large`. The undecodable do not count as read.
    """

    read: int = 0
    dropped: Mapping[str, int] = {}


class Source(Protocol):
    """Pictures of one camera; `async with` opens and closes it, every open and read has a time-out.

    Iterating ends with the source's end.

    Raises:
        BadSource: On opening: it names nothing we can read.
        SourceFailed: On opening or reading: it does not open, breaks off or holds nothing.
    """

    @property
    def info(self) -> SourceInfo:
        """What it says about itself, once opened."""
        ...

    @property
    def counts(self) -> SourceCounts:
        """What became of its pictures so far."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[Picture]: ...
