"""Plays a file by its own timestamps instead of as fast as its answers come."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

from camera_node.source import Picture


async def in_real_time(pictures: AsyncIterator[Picture]) -> AsyncGenerator[Picture, None]:
    """Yield each picture when its position in the medium has come, never earlier, dropping none.

    A picture that is late does not make the later ones hurry: the time-line shifts.
    """
    offset: float | None = None
    async for picture in pictures:
        now = time.monotonic()
        if offset is None:
            offset = now - picture.position
        wait = picture.position + offset - now
        if wait > 0:
            await asyncio.sleep(wait)
        else:
            offset -= wait
        yield picture


async def as_it_comes(pictures: AsyncIterator[Picture]) -> AsyncGenerator[Picture, None]:
    """Yield each picture at once."""
    async for picture in pictures:
        yield picture
