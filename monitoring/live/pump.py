"""Carries states from the feed to the page while somebody watches; lives in the feed's event loop."""

import asyncio
from collections.abc import Callable
from typing import Final, final

import msgspec

from monitoring.live.album import Album
from monitoring.live.view import CameraView, Feed, PartView, SiteView
from monitoring.logs import get_logger

STATE_SECONDS: Final = 1.0
"""A state is sent at least so often: a page that hears none for longer knows that something is wrong."""

GAP_SECONDS: Final = 0.2
"""And no oftener than this, whatever the feed does: a person reads no faster."""

PAUSE_SECONDS: Final = 1.0


class State(msgspec.Struct, frozen=True):
    """All that the page shows, but the pictures."""

    site: SiteView
    cameras: tuple[CameraView, ...]
    parts: tuple[PartView, ...]


@final
class Pump:
    """Opens the feed for the first watcher and closes it after the last.

    Args:
        feed: Where the states come from.
        album: Forgets its pictures when nobody watches.
        publish: Takes each state as JSON.
    """

    def __init__(self, feed: Feed, album: Album, publish: Callable[[bytes], None]) -> None:
        self._feed = feed
        self._album = album
        self._publish = publish
        self._watched = asyncio.Event()
        self._encode = msgspec.json.Encoder().encode

    def on_count(self, watchers: int) -> None:
        """Somebody came or went."""
        if watchers:
            self._watched.set()
        else:
            self._watched.clear()

    async def run(self) -> None:
        """Go on until cancelled; a feed that errs is asked again, and never stops the edge."""
        while True:
            await self._watched.wait()
            try:
                await self._carry()
            except Exception as error:  # noqa: BLE001 - showing the work must not stop the work
                get_logger().error("live page: no state", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _carry(self) -> None:
        with self._feed.open(), self._album.watched():
            while self._watched.is_set():
                state = State(self._feed.site(), self._feed.cameras(), self._feed.parts())
                self._publish(self._encode(state))
                await asyncio.sleep(GAP_SECONDS)
                await self._feed.changed(STATE_SECONDS)
