"""A live page that really serves, and a client for it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from monitoring.live.page import LivePage
from tests.live_feed import MemoryFeed

TOKEN = "only-for-this-house"


@asynccontextmanager
async def served(feed: MemoryFeed, token: str = "", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        LivePage(feed, "127.0.0.1:0", token, **options).running() as base,
        httpx.AsyncClient(base_url=base, timeout=20) as client,
    ):
        yield client


async def states(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The states that a stream of events carries."""
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
