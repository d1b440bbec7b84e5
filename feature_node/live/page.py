"""Puts the live page beside an edge: the feed in the edge's loop, the server in a thread of its own."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import version

from broker.link import Link
from broker.mqtt import mqtt_link
from broker.status import BudgetWindow
from broker.topic import Cloud, Private
from feature_node.assembly import Assembly
from feature_node.errors import BadSettings
from feature_node.live.feed import LiveFeed
from feature_node.live.parts import Parts
from feature_node.live.reflection import Reflector
from feature_node.live.tap import NO_TAP, Tap
from feature_node.settings import EdgeSettings
from feature_node.status import Status
from models.reading import load_manifest
from monitoring.live.view import SiteView
from monitoring.logs import get_logger


@contextlib.asynccontextmanager
async def live_page(
    settings: EdgeSettings, assembly: Assembly, links: tuple[Link[Private], Link[Cloud]], status: Status
) -> AsyncIterator[Tap]:
    """Serve the page while the context lasts; gives what the edge shows its frames to.

    Raises:
        BadSettings: The token cannot be read, or what serves pages is not installed.
        PageRefused: It cannot be served there.
    """
    live = settings.live
    if live is None:
        yield NO_TAP
        return
    try:
        from monitoring.live.page import LivePage  # noqa: PLC0415 - its libraries, where there is a page
    except ModuleNotFoundError as error:
        raise BadSettings(
            f"edge.live: the live page needs {error.name}. "
            "Run: pip install 'penumbra[edge]', or write live: false."
        ) from error
    feed = make_feed(settings, assembly, links, status)
    async with LivePage(feed, live.listen, live.token()).running() as address:
        get_logger().info("live page", address=address)
        showing = asyncio.create_task(feed.run(), name="live feed")
        try:
            yield feed
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)


def make_feed(
    settings: EdgeSettings, assembly: Assembly, links: tuple[Link[Private], Link[Cloud]], status: Status
) -> LiveFeed:
    """Give the page's view of this edge."""
    bundle, profile, ledger = settings.sends_numbers_of, assembly.profile, assembly.ledger

    def budgets() -> Mapping[str, Mapping[str, BudgetWindow]]:
        return ledger.report() if ledger is not None else {}

    def statuses() -> Link[Private]:
        # A link of its own: only there while somebody watches, and its trouble is not the edge's.
        client = f"penumbra-live-{settings.node}-{secrets.token_hex(4)}"
        return mqtt_link(Private, settings.private, client_id=client)

    site = SiteView(
        name=settings.site,
        bundle=load_manifest(bundle).name if bundle is not None else "shade",
        question=profile.task,
        version=version("penumbra"),
    )
    return LiveFeed(
        site,
        Reflector(bundle, faces=profile.needs_faces),
        Parts(status.now, *links),
        budgets=budgets,
        statuses=statuses,
    )
