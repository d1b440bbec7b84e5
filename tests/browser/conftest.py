"""One real browser for all tests of pages, and a fresh visit for each."""

import os
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.servers import require_program

# A browser that looks for updates or a graphics card slows a test down, and asks hosts that are not there.
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window; skips where it is absent."""
    program = require_program("chromium")
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=program, args=[*QUIET, *as_root])
        try:
            yield chromium
        finally:
            await chromium.close()
