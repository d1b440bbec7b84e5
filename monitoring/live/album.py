"""Hands out the pictures of a feed: each pair is asked for once, however many watch."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Final, final

from monitoring.live.view import Feed, Pictures, Place

KEPT: Final = 3
"""Pairs kept for a camera, so that both sides of one frame are found though a newer one has come."""


@final
class Album:
    """The last pairs of pictures of each camera; lives in the feed's event loop, and only while watched."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._pairs: dict[str, deque[Pictures]] = {}
        self._asking: dict[str, asyncio.Lock] = {}
        self._watched = False

    async def picture(self, camera: str, side: Place, version: int) -> bytes | None:
        """The picture of that version, or the newest there is; None where there is none."""
        if not self._watched:
            return None
        newest = {view.camera: view.picture_version for view in self._feed.cameras()}.get(camera)
        if newest is None:
            return None
        async with self._asking.setdefault(camera, asyncio.Lock()):
            pairs = self._pairs.setdefault(camera, deque(maxlen=KEPT))
            if version not in (pair.version for pair in pairs):
                await self._ask(camera, pairs, newest)
        chosen = next((pair for pair in pairs if pair.version == version), pairs[-1] if pairs else None)
        return None if chosen is None else chosen.house if side == "house" else chosen.cloud

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Somebody watches while this lasts; afterwards no picture is kept."""
        self._watched = True
        try:
            yield
        finally:
            self._watched = False
            self._pairs.clear()
            self._asking.clear()

    async def _ask(self, camera: str, pairs: deque[Pictures], newest: int) -> None:
        if pairs and pairs[-1].version >= newest:
            return
        pair = await self._feed.pictures(camera)
        if pair is not None:
            pairs.append(pair)
