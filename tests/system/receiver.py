"""A receiver of webhooks for the tests: real HTTP, and does next what it is told."""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

from tests.servers import LOOPBACK

HANG, CUT, FLOOD, DRIP = "hang", "cut", "flood", "drip"
Act = int | str


@final
class Posted:
    """One request that came in."""

    def __init__(self, line: str, headers: dict[str, str], body: bytes) -> None:
        self.line = line
        self.headers = headers
        self.body = body


@final
class Receiver:
    """Answers 204, unless it is told a status, to hang, to cut the line, or to answer without end.

    Attributes:
        posts: what came in, whatever was answered.
        next: what to do with the next requests, one each.
        always: what to do with the others.
        headers: added to every answer.
    """

    def __init__(self) -> None:
        self.port = 0
        self.posts: list[Posted] = []
        self.next: deque[Act] = deque()
        self.always: Act = 204
        self.headers: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://{LOOPBACK}:{self.port}/hook/SECRET-PATH"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()
        self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        act = self.next.popleft() if self.next else self.always
        self.posts.append(Posted(head[0], headers, body))
        if act == HANG:
            await asyncio.sleep(3600)
        if act == CUT:
            return False
        status = act if isinstance(act, int) else 200
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        endless = act in (FLOOD, DRIP)
        length = (
            "Content-Length: 1000000000\r\n" if endless else "Content-Length: 0\r\n" if status != 204 else ""
        )
        writer.write(f"HTTP/1.1 {status} X\r\n{length}{more}\r\n".encode())
        while endless:
            writer.write(b"x" * (65536 if act == FLOOD else 1))
            await writer.drain()
            await asyncio.sleep(0 if act == FLOOD else 0.02)
        await writer.drain()
        return True

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a loopback port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, LOOPBACK, port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()
        await server.wait_closed()
