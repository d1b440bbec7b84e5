"""An MQTT 3.1.1 broker in pure Python as a process of its own: `python -m broker.embedded_amqtt`.

Reads its settings (`AmqttSettings`, one line of JSON) from standard input, serves until that is closed or it
is told to end, and so never outlives the program that started it.
"""
# mypy: disallow-subclassing-any=False
# amqtt has no type information.

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from typing import Any, final

import msgspec
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.session import Session

from broker.amqtt_settings import AmqttSettings


@final
class _BoundedReader(StreamReaderAdapter):
    """Cuts a client off that announces a packet over the limit, before any of it is read."""

    def __init__(self, reader: asyncio.StreamReader, limit: int) -> None:
        super().__init__(reader)
        self._limit = limit

    async def read(self, n: int = -1) -> bytes:
        if n > self._limit:
            raise ConnectionError("the packet is too large")
        return bytes(await super().read(n))


@final
class _Subscriptions(dict[str, list[Any]]):
    """A dictionary that may change while it is walked: amqtt waits for clients in the middle of doing so."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.keys()))

    def items(self) -> Any:
        return [(key, tuple(value)) for key, value in super().items()]


@final
class _Broker(Broker):
    """amqtt with three holes closed: unbounded packets, a race, and retained messages sent to everyone."""

    def __init__(self, config: BrokerConfig, max_packet_bytes: int) -> None:
        super().__init__(config)
        self._max_packet_bytes = max_packet_bytes
        self._subscriptions = _Subscriptions()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        bounded = _BoundedReader(reader, self._max_packet_bytes)
        await self._client_connected(listener_name, bounded, StreamWriterAdapter(writer))

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # On every connect amqtt sends the retained messages of all subscriptions, also of other clients'.
        topic_filter, _ = subscription
        if any(holder is session for holder, _ in self._subscriptions.get(topic_filter, [])):
            await super()._publish_retained_messages_for_subscription(subscription, session)


async def serve(settings: AmqttSettings, end: asyncio.Event) -> None:
    """Run the broker until `end` is set."""
    plugins = {"broker.amqtt_plugins.Accounts": settings, "broker.amqtt_plugins.Rights": settings}
    config = BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"127.0.0.1:{settings.port}")},
        plugins={name: {"settings": value} for name, value in plugins.items()},
    )
    broker = _Broker(config, settings.max_packet_bytes)
    await broker.start()
    try:
        await end.wait()
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await broker.shutdown()


async def _main() -> None:
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    line = await asyncio.to_thread(sys.stdin.buffer.readline)
    settings = msgspec.json.decode(line, type=AmqttSettings)
    loop.add_reader(sys.stdin.buffer, end.set)  # nothing more is written there: readable means closed
    await serve(settings, end)


if __name__ == "__main__":
    # Errors alone: amqtt's warnings quote whole packets.
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    asyncio.run(_main())
