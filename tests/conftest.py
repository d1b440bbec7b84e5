"""Fixtures that every test may ask for: the data folder and the real servers."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers import Server, running_mosquitto, running_redis

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of clips, photographs and faces; its place is in PENUMBRA_DATA."""
    folder = Path(os.environ.get("PENUMBRA_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no data folder at {folder}; set PENUMBRA_DATA to its place")
    return folder.resolve()


@pytest.fixture
async def mosquitto() -> AsyncIterator[Server]:
    """A mosquitto that anyone may use, on a free loopback port."""
    async with running_mosquitto() as server:
        yield server


@pytest.fixture
async def redis_server() -> AsyncIterator[Server]:
    """A redis-server without persistence, on a free loopback port and a Unix socket."""
    async with running_redis() as server:
        yield server
