"""A whole site: both brokers, Redis, an analyzer and an edge node, each the process it is in production."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, final

from analyzer_node.embedded_redis import embedded_redis
from analyzer_node.settings import AnalyzerSettings
from benchmarks.brokers import LOOPBACK, free_port
from benchmarks.harness import BenchmarkError
from broker.acl import Account
from broker.address import BrokerAddress
from broker.answers import Answer
from broker.embedded import EmbeddedBroker, embedded_broker
from broker.ends import Subscriber
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.plain_json import encode_plain
from broker.private_topics import ANSWERS
from broker.topic import Cloud, Private, Role
from feature_node.settings import EdgeSettings
from models.catalogue import find
from penumbra.processes import Part, PartEvent, Supervisor, python_module, supervise

BUNDLE: Final = "gender-ours"
EDGE: Final = "edge"
ANALYZER: Final = "analyzer-1"
VIEWER: Final = "bench"
CAMERAS: Final = "cameras"
_READY_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.005
_KEPT_ANSWERS: Final = 4096


@final
@dataclass
class Site:
    """A running site.

    Attributes:
        private: The broker of the side that sees pictures.
        answers: Every answer of every camera.
        supervisor: Starts further parts.
        pids: Each part's process.
        troubles: Parts that crashed or refused, in words.
        analyzer_metrics: Where the analyzer's metrics are.
        ready_seconds: How long the edge took from its start until it said that it is ready.
    """

    private: EmbeddedBroker
    answers: Subscriber[Answer]
    supervisor: Supervisor
    pids: dict[str, int]
    troubles: list[str]
    analyzer_metrics: str
    ready_seconds: float = 0.0

    def camera(self, name: str) -> BrokerAddress:
        """Say where a camera connects."""
        return self.private.address_for(Role.CAMERA, name)

    async def collect(self, count: int, timeout: float) -> list[Answer]:
        """Wait for so many answers.

        Raises:
            BenchmarkError: They do not come in time.
        """
        collected: list[Answer] = []
        try:
            async with asyncio.timeout(timeout):
                async for delivery in self.answers:
                    collected.append(delivery.message)
                    delivery.done()
                    if len(collected) == count:
                        break
        except TimeoutError:
            said = f" ({'; '.join(self.troubles)})" if self.troubles else ""
            raise BenchmarkError(f"{len(collected)} of {count} answers in {timeout:g} s{said}") from None
        return collected


@asynccontextmanager
async def running_site(folder: Path, cameras: Sequence[str], **edge: Any) -> AsyncIterator[Site]:
    """Run a site whose edge node and analyzer are ready; `edge` are further settings of the edge node.

    Raises:
        BenchmarkError: A part does not become ready.
    """
    async with AsyncExitStack() as stack:
        viewer, node = Account(Role.VIEWER, VIEWER), Account(Role.EDGE, EDGE)
        accounts = [*(Account(Role.CAMERA, name) for name in cameras), node, viewer]
        private = await stack.enter_async_context(embedded_broker(Private, accounts))
        far = [node, Account(Role.ANALYZER, ANALYZER)]
        cloud = await stack.enter_async_context(embedded_broker(Cloud, far))
        redis = await stack.enter_async_context(embedded_redis())
        link: Link[Private] = mqtt_link(
            Private, private.address_for(Role.VIEWER, VIEWER), client_id="bench-viewer"
        )
        answers = link.subscriber(ANSWERS, capacity=_KEPT_ANSWERS)
        await stack.enter_async_context(link)
        await link.wait_connected(_READY_SECONDS)
        metrics = f"{LOOPBACK}:{free_port()}"
        pids: dict[str, int] = {}
        troubles: list[str] = []
        supervisor = await stack.enter_async_context(supervise(partial(_note, pids, troubles)))
        site = Site(private, answers, supervisor, pids, troubles, metrics)
        await _start_analyzer(site, cloud, redis)
        await _start_edge(site, cloud, folder, edge)
        yield site


def _note(pids: dict[str, int], troubles: list[str], event: PartEvent) -> None:
    if event.kind == "started":
        pids[event.part] = event.pid
    elif event.kind != "log":
        troubles.append(f"{event.part} {event.kind}: {event.text}")


async def _start_analyzer(site: Site, cloud: EmbeddedBroker, redis: str) -> None:
    settings = AnalyzerSettings(
        node=ANALYZER,
        cloud=cloud.address_for(Role.ANALYZER, ANALYZER),
        bundles=(find(BUNDLE),),
        redis=redis,
        metrics_address=site.analyzer_metrics,
    )
    site.supervisor.start(Part(ANALYZER, python_module("analyzer_node"), encode_plain(settings)))
    await until_ready(site.analyzer_metrics)


async def _start_edge(site: Site, cloud: EmbeddedBroker, folder: Path, further: dict[str, Any]) -> None:
    metrics = f"{LOOPBACK}:{free_port()}"
    standard: dict[str, Any] = {
        "site": "bench",
        "node": EDGE,
        "private": site.private.address_for(Role.EDGE, EDGE),
        "cloud": cloud.address_for(Role.EDGE, EDGE),
        "key_file": folder / "key",
        "bundle": find(BUNDLE),
        "metrics_address": metrics,
    }
    settings = EdgeSettings(**{**standard, **further})
    began = time.monotonic()
    site.supervisor.start(Part(EDGE, python_module("feature_node"), encode_plain(settings)))
    await until_ready(metrics)
    site.ready_seconds = time.monotonic() - began


async def until_ready(address: str) -> None:
    """Wait until the node that serves its health there says that it is ready.

    Raises:
        BenchmarkError: It does not within half a minute.
    """
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while not await asyncio.to_thread(_ready, f"http://{address}/readyz"):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise BenchmarkError(f"the node at {address} was not ready within {_READY_SECONDS:g} s") from None


def scrape(address: str) -> dict[str, float]:
    """Read a node's metrics: the value of each series without labels."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#") and "{" not in line)
    return {name: float(value) for name, value in pairs}


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - built here
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
