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
from typing import Any, Final, final

import msgspec
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.session import Session

from broker.amqtt_settings import AmqttSettings

_CONNECT_SECONDS: Final = 10.0
_SHUTDOWN_SECONDS: Final = 2.0
_LONGEST_FIXED_HEADER: Final = 5
_MQTT_5: Final = b"\x00\x04MQTT\x05"
_UNSUPPORTED_PROTOCOL_VERSION: Final = b"\x20\x03\x00\x84\x00"
"""A whole CONNACK of MQTT 5 with reason code 132."""


@final
class _BoundedReader(StreamReaderAdapter):
    """Reads `start`, which has been read already, and then on; cuts a client off over a packet too large."""

    def __init__(self, reader: asyncio.StreamReader, start: bytes, limit: int) -> None:
        super().__init__(reader)
        self._start = start
        self._limit = limit

    async def read(self, n: int = -1) -> bytes:
        if n > self._limit:
            raise ConnectionError("the packet is too large")  # before any of it is read
        start, self._start = self._start[:n], self._start[n:]
        return start if len(start) == n else start + bytes(await super().read(n - len(start)))


@final
class _Subscriptions(dict[str, list[Any]]):
    """A dictionary that may change while it is walked: amqtt waits for clients in the middle of doing so."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.keys()))

    def items(self) -> Any:
        return [(key, tuple(value)) for key, value in super().items()]


@final
class _Broker(Broker):
    """amqtt with four holes closed.

    It reads packets of any length, loses messages while clients come and go, sends retained messages to those
    who did not ask, and waits for ever on an MQTT 5 request that carries a user name.
    """

    def __init__(self, config: BrokerConfig, max_packet_bytes: int) -> None:
        super().__init__(config)
        self._max_packet_bytes = max_packet_bytes
        self._subscriptions = _Subscriptions()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                start = await _start_of_connect(reader)
        except (OSError, EOFError, TimeoutError):
            writer.close()
            return
        if start.endswith(_MQTT_5):
            writer.write(_UNSUPPORTED_PROTOCOL_VERSION)
            writer.close()
            return
        bounded = _BoundedReader(reader, start, self._max_packet_bytes)
        await self._client_connected(listener_name, bounded, StreamWriterAdapter(writer))

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # On every connect amqtt sends the retained messages of all subscriptions, also of other clients'.
        topic_filter, _ = subscription
        if any(holder is session for holder, _ in self._subscriptions.get(topic_filter, [])):
            await super()._publish_retained_messages_for_subscription(subscription, session)


async def _start_of_connect(reader: asyncio.StreamReader) -> bytes:
    """Read a connection request up to and including its protocol level (MQTT 3.1.1, section 3.1)."""
    start = await reader.readexactly(2)
    while start[-1] & 0x80 and len(start) < _LONGEST_FIXED_HEADER:
        start += await reader.readexactly(1)
    return start + await reader.readexactly(len(_MQTT_5))


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
            async with asyncio.timeout(_SHUTDOWN_SECONDS):
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
