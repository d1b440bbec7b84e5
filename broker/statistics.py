"""Follows what a broker says of itself: a session that reads a few topics and stays."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn, Protocol, final

from broker.backoff import backoff
from broker.errors import BrokerError
from broker.transport import Incoming, SessionLost, Transport


class Reader(Protocol):
    """Takes what the broker says."""

    def on_link(self, connected: bool) -> None:
        """The broker is there, or no longer is."""
        ...

    def on_message(self, topic: str, payload: bytes) -> None:
        """The broker said something of itself."""
        ...


@final
class StatisticsLink:
    """Reads topics that no row of the topic table describes, because the broker itself writes them.

    Attributes:
        detail: How the link is, in words for a person; empty while it stands.
    """

    def __init__(
        self,
        transport: Transport,
        topics: Sequence[str],
        reader: Reader,
        delays: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        self.detail = "not connected yet"
        self._transport = transport
        self._topics = topics
        self._reader = reader
        self._delays = delays

    async def stay(self) -> NoReturn:
        """Connect and read, again whenever the broker is lost, until cancelled."""
        delays = self._delays()
        while True:
            try:
                await self._read_until_lost()
                delays = self._delays()
            except (BrokerError, SessionLost) as error:
                self.detail = str(error) or "the connection was lost at once"
            await asyncio.sleep(next(delays))

    async def _read_until_lost(self) -> None:
        # What comes with a subscription may come before its acknowledgement, so the reader is told first.
        session = await self._transport.connect(None, self._take)
        try:
            self._reader.on_link(True)
            for topic in self._topics:
                await session.subscribe(topic, group=None, qos=0)
            self.detail = ""
            self.detail = await asyncio.shield(session.lost)
        finally:
            self._reader.on_link(False)
            with contextlib.suppress(BrokerError):
                await session.close()

    def _take(self, incoming: Incoming) -> None:
        self._reader.on_message(incoming.path, incoming.data)
        incoming.acknowledge()
