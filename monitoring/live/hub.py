"""Gives each watcher the newest state of the house, and only that."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final, final

from monitoring.errors import TooManyWatchers
from monitoring.metrics import LIVE_STATES_SKIPPED, LIVE_WATCHERS

MOST_WATCHERS: Final = 8


@final
class Watcher:
    """One open page: what it has not yet been sent, which is at most one state."""

    def __init__(self) -> None:
        self._newest: bytes | None = None
        self._there = asyncio.Event()

    def offer(self, state: bytes) -> None:
        """Put a state in the place of one that this watcher was too slow to take."""
        if self._newest is not None:
            LIVE_STATES_SKIPPED.inc()
        self._newest = state
        self._there.set()

    async def newest(self) -> bytes:
        """Wait for a state that was not taken yet, and take it."""
        await self._there.wait()
        self._there.clear()
        state, self._newest = self._newest, None
        return state or b""


@final
class Hub:
    """All watchers, bounded in number; lives in the page's own event loop.

    Args:
        on_count: Told how many there are, each time that the number changes.
        most: How many there may be.
    """

    def __init__(self, on_count: Callable[[int], None], most: int = MOST_WATCHERS) -> None:
        self._on_count = on_count
        self._most = most
        self._watchers: set[Watcher] = set()
        self._last: bytes | None = None
        self.closing = asyncio.Event()

    @contextlib.contextmanager
    def watch(self) -> Iterator[Watcher]:
        """Let somebody watch while this lasts.

        Raises:
            TooManyWatchers: As many as may be are here already.
        """
        if len(self._watchers) >= self._most:
            raise TooManyWatchers(f"{self._most} pages are open already, and no more are served.")
        watcher = Watcher()
        if self._last is not None and self._watchers:
            watcher.offer(self._last)
        self._watchers.add(watcher)
        self._counted()
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            self._counted()

    def publish(self, state: bytes) -> None:
        """Offer a state to all watchers."""
        self._last = state
        for watcher in self._watchers:
            watcher.offer(state)

    def _counted(self) -> None:
        LIVE_WATCHERS.set(len(self._watchers))
        self._on_count(len(self._watchers))
