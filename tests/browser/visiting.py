"""A visit of the live page by a real browser, which fails the test on whatever the page does wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from monitoring.live.page import LivePage
from tests.live_feed import MemoryFeed, shade_of

WITHIN = 30_000
"""Milliseconds for what happens soon; far more than it takes, because the tests share the host."""


@asynccontextmanager
async def tab(browser: Browser, address: str, **options: Any) -> AsyncIterator[Page]:
    """A fresh tab; afterwards: no error in it, and not one request to elsewhere."""
    wrong: list[str] = []
    asked: set[str] = set()
    context = await browser.new_context(**options)
    context.set_default_timeout(WITHIN)
    try:
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        await page.goto(address)
        yield page
    finally:
        await context.close()
    # What a server that is away or full answers is told to the person; the browser notes it as well.
    assert [text for text in wrong if not text.startswith("Failed to load resource")] == []
    assert asked == {urlsplit(address).netloc}


@asynccontextmanager
async def visit(browser: Browser, feed: MemoryFeed, **options: Any) -> AsyncIterator[Page]:
    """A tab with the live page of a feed, its pictures there."""
    async with LivePage(feed, "127.0.0.1:0").running() as address, tab(browser, address, **options) as page:
        for camera, view in feed.views.items():
            if view.picture_version:
                await shows_version(page, camera, view.picture_version)
        yield page


async def shows_version(page: Page, camera: str, version: int) -> None:
    """Wait until the house's picture of a camera has the grey that this version has."""
    await page.wait_for_function(
        """([camera, shade]) => {
            const canvas = document.querySelector(`#camera-${camera} .house canvas`);
            const [red] = canvas ? canvas.getContext("2d").getImageData(9, 9, 1, 1).data : [-99];
            return Math.abs(red - shade) < 5;
        }""",
        arg=[camera, shade_of(version)],
    )


async def text_is(page: Page, selector: str, wanted: str) -> None:
    """Wait until an element's text holds the wanted one."""
    await page.wait_for_function(
        r"""([selector, wanted]) =>
            document.querySelector(selector)?.textContent.replaceAll("\xa0", " ").includes(wanted)""",
        arg=[selector, wanted],
    )


async def violations(page: Page) -> list[str]:
    """What axe-core finds against the page, in a line each."""
    found = (await Axe().run(page)).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]
    ]
