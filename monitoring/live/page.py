"""`LivePage`: what an edge shows to the people of its house, while it works."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final, final

from monitoring.live.address import listen, parse_address
from monitoring.live.album import Album
from monitoring.live.guard import Guard
from monitoring.live.hub import MOST_WATCHERS
from monitoring.live.pump import Pump
from monitoring.live.shield import WRITE_SECONDS
from monitoring.live.thread import PageThread
from monitoring.live.view import Feed, Place

PICTURE_SECONDS: Final = 5.0


@final
class LivePage:
    """The live page of one edge.

    The server has a thread and a loop of its own, so no browser ever holds the edge up; the feed is called in
    the loop that `running` is entered in, and needs no lock.

    Args:
        feed: What it shows.
        address: `HOST:PORT`; port 0 takes a free one. Anything but loopback needs a token.
        token: What a browser must show once; empty on loopback lets in every user of this machine.
        most_watchers: How many pages may be open at a time.
        write_seconds: A browser that takes nothing for so long is let go.

    Raises:
        PageRefused: The address is none, or needs a token that is missing or short.
    """

    def __init__(
        self,
        feed: Feed,
        address: str,
        token: str = "",
        *,
        most_watchers: int = MOST_WATCHERS,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self._feed = feed
        self._address = parse_address(address, token)
        self._token = token
        self._most_watchers = most_watchers
        self._write_seconds = write_seconds

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve while the context lasts.

        Yields:
            The page's address without the token, for example `http://127.0.0.1:8800/`.

        Raises:
            PageRefused: The address is taken, or is none of this machine's.
        """
        listener = listen(self._address)
        host, port = self._address.host, listener.getsockname()[1]
        album = Album(self._feed)
        house = asyncio.get_running_loop()

        async def picture(camera: str, side: Place, version: int) -> bytes | None:
            asked = asyncio.run_coroutine_threadsafe(album.picture(camera, side, version), house)
            try:
                return await asyncio.wait_for(asyncio.wrap_future(asked), PICTURE_SECONDS)
            except TimeoutError:
                return None

        thread = PageThread(
            listener,
            Guard(self._token, host, port),
            picture,
            lambda watchers: _tell(house, pump, watchers),
            most_watchers=self._most_watchers,
            write_seconds=self._write_seconds,
        )
        pump = Pump(self._feed, album, thread.publish)
        await thread.start()
        pumping = asyncio.create_task(pump.run(), name="live-pump")
        try:
            yield f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        finally:
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            await thread.stop()


def _tell(house: asyncio.AbstractEventLoop, pump: Pump, watchers: int) -> None:
    with contextlib.suppress(RuntimeError):  # the house's loop has ended
        house.call_soon_threadsafe(pump.on_count, watchers)
