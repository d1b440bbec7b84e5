"""A source that ends early when asked: what was read is still answered."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import TracebackType
from typing import Self, final

from camera_node.open_source import open_source
from camera_node.settings import CameraSpec
from camera_node.source import Picture, Source, SourceCounts, SourceInfo


def stoppable(
    stop: asyncio.Event, opener: Callable[[CameraSpec], Source] = open_source
) -> Callable[[CameraSpec], Source]:
    """A way to open sources that end, as if at their last picture, once `stop` is set."""
    return lambda spec: _Stoppable(opener(spec), stop)


@final
class _Stoppable:
    def __init__(self, source: Source, stop: asyncio.Event) -> None:
        self._source = source
        self._stop = stop

    @property
    def info(self) -> SourceInfo:
        return self._source.info

    @property
    def counts(self) -> SourceCounts:
        return self._source.counts

    async def __aenter__(self) -> Self:
        await self._source.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._source.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[Picture]:
        pictures = aiter(self._source)
        try:
            # Asked before each read: a picture that was read is counted, so it must be answered too.
            while not self._stop.is_set():
                yield await anext(pictures)
        except StopAsyncIteration:
            return
        finally:
            if isinstance(pictures, AsyncGenerator):
                await pictures.aclose()
