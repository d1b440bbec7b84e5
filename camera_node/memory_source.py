"""The in-memory twin of a source: pictures from a list, then an end or an error."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self, final

from camera_node.errors import CameraError
from camera_node.source import Picture, SourceCounts, SourceInfo


@final
class MemorySource:
    """A `Source` that yields given pictures.

    Args:
        pictures: What it yields.
        error: What it raises after them; None to end.
        counts: What it says became of its pictures; None for all read and none dropped.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        error: CameraError | None = None,
        counts: SourceCounts | None = None,
    ) -> None:
        self._pictures = pictures
        self._error = error
        self._counts = counts
        self._yielded = 0
        self.opened = 0
        self.closed = 0

    @property
    def info(self) -> SourceInfo:
        """As many pictures as were given."""
        first = self._pictures[0] if self._pictures else Picture(b"", 0, 0, 0, 0.0)
        return SourceInfo(first.width, first.height, 0.0, len(self._pictures))

    @property
    def counts(self) -> SourceCounts:
        """What was given, else those yielded."""
        return self._counts or SourceCounts(self._yielded)

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed += 1

    async def __aiter__(self) -> AsyncIterator[Picture]:
        for picture in self._pictures:
            self._yielded += 1
            yield picture
            await asyncio.sleep(0)  # as any real source, it lets others run
        if self._error is not None:
            raise self._error
