"""Stands between clients and a broker, passes everything on, and keeps every byte that the clients sent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple, final

from tests.servers import LOOPBACK

_CHUNK = 1 << 16
_CONNECT, _PUBLISH = 1, 3


class Publication(NamedTuple):
    """One MQTT PUBLISH packet that a client sent."""

    topic: str
    payload: bytes


@final
class Recorder:
    """A TCP proxy in front of a port of this host.

    Attributes:
        port: where clients connect.
        sent: one stream of bytes a connection, from the client to the broker.
        received: the same in the other direction.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.sent: list[bytearray] = []
        self.received: list[bytearray] = []
        self._target = target
        self._connections: set[asyncio.Task[None]] = set()

    def publications(self) -> list[Publication]:
        """Everything that clients published, read off the bytes themselves (MQTT 5)."""
        return [packet for stream in self.sent for packet in publications(bytes(stream))]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        sent, received = bytearray(), bytearray()
        self.sent.append(sent)
        self.received.append(received)
        with contextlib.suppress(OSError, asyncio.CancelledError), contextlib.closing(writer):
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
            with contextlib.closing(far_writer):
                flows = [
                    asyncio.create_task(_carry(reader, far_writer, sent), name="to the broker"),
                    asyncio.create_task(_carry(far_reader, writer, received), name="from the broker"),
                ]
                try:
                    await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for flow in flows:
                        flow.cancel()
                    await asyncio.gather(*flows, return_exceptions=True)

    async def close(self) -> None:
        """Cut all connections."""
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def recording(target: int) -> AsyncIterator[Recorder]:
    """A recorder on a free loopback port, in front of `target`."""
    recorder = Recorder(target)
    server = await asyncio.start_server(recorder.serve, LOOPBACK, 0)
    recorder.port = server.sockets[0].getsockname()[1]
    try:
        yield recorder
    finally:
        server.close()
        await recorder.close()
        await server.wait_closed()


def publications(stream: bytes) -> Iterator[Publication]:
    """Read the PUBLISH packets of one client's MQTT 5 stream; a packet cut off at the end is left out.

    Raises:
        ValueError: it is no such stream, so something else than MQTT was sent.
    """
    place, first = 0, True
    while place < len(stream):
        kind = stream[place] >> 4
        length, body = _variable(stream, place + 1)
        if body < 0 or body + length > len(stream):
            return
        if first and kind != _CONNECT:
            raise ValueError(f"a stream that starts with packet type {kind} is not MQTT")
        if kind == _PUBLISH:
            yield _publication(stream[place], stream[body : body + length])
        place, first = body + length, False


def _publication(header: int, body: bytes) -> Publication:
    end = 2 + int.from_bytes(body[:2], "big")
    topic = body[2:end].decode()
    if header & 0b110:  # QoS above 0: a packet identifier follows
        end += 2
    properties, end = _variable(body, end)
    return Publication(topic, body[end + properties :])


def _variable(data: bytes, place: int) -> tuple[int, int]:
    """Read MQTT's variable byte integer: its value and where it ends; -1 where the data does."""
    value = 0
    for shift in range(0, 28, 7):
        if place >= len(data):
            return 0, -1
        value |= (data[place] & 0x7F) << shift
        place += 1
        if data[place - 1] < 0x80:
            return value, place
    raise ValueError("a length of more than four bytes is not MQTT")


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            record += data
            writer.write(data)
            await writer.drain()
