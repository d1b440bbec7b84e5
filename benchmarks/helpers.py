"""Helper processes around a network that is spread from within this process, over a real broker."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness import BenchmarkError, percentile
from broker.acl import Account
from broker.embedded import EmbeddedBroker, embedded_broker
from broker.helper_topics import WEIGHTS
from broker.helpers import HelperWeights, Kernel, digest_of
from broker.mqtt import mqtt_link
from broker.plain_json import encode_plain
from broker.topic import Private, Role
from feature_node.distributed.cut import Cut
from feature_node.distributed.exposure import Exposure
from feature_node.distributed.pieces import Pieces
from feature_node.distributed.planning import Planner, network_of, source_device
from feature_node.distributed.segment import measured_speed
from feature_node.distributed.settings import DistributedSettings, HelperSettings
from feature_node.distributed.spread import Spread
from feature_node.placement.privacy import Caps
from feature_node.threads import Threads
from penumbra.processes import Part, python_module, supervise

EDGE: Final = "bench"
_PROBE: Final = "probe"
_PROBES: Final = 7
_READY_SECONDS: Final = 60.0
_DEADLINE_MS: Final = 30_000.0
_POLL_SECONDS: Final = 0.02


class _Over(Exception):
    """What was to be measured has been."""


@asynccontextmanager
async def spread_over(cut: Cut, helpers: int, share: float, folder: Path) -> AsyncIterator[Spread]:
    """Spread a network over so many helper processes; each may hold that share of a layer's maps.

    Raises:
        BenchmarkError: The helpers do not come.
    """
    names = [f"h{number + 1}" for number in range(helpers)]
    accounts = [Account(Role.EDGE, EDGE), *(Account(Role.HELPER, name) for name in (*names, _PROBE))]
    async with embedded_broker(Private, accounts) as broker, Threads(2) as threads:
        rate = await broker_rate(broker)
        planner = _planner(cut, share, rate, folder / f"seen-{helpers}.json")
        told = DistributedSettings(deadline_ms=_DEADLINE_MS, rate_bytes_per_second=rate)
        spread = Spread(cut, Pieces(cut), planner, threads, told, expected=helpers)
        link = mqtt_link(Private, broker.address_for(Role.EDGE, EDGE), client_id="bench-edge")
        async with supervise(lambda _: None) as supervisor, link:
            for name in names:
                supervisor.start(_part(broker, name, rate))
            try:
                async with asyncio.TaskGroup() as tasks:
                    spread.join(link, tasks)
                    await _placed(spread, helpers)
                    yield spread
                    raise _Over
            except* _Over:
                pass


async def broker_rate(broker: EmbeddedBroker) -> float:
    """Time large messages through the broker: bytes a second, the median."""
    kernel = Kernel(1024, (4, 4), (1, 1), (1, 1), (0, 0, 0, 0), bytes(4 * 1024 * 64 * 16))
    message = HelperWeights(_PROBE, digest_of(64, (kernel,)), 64, (kernel,))
    sender = mqtt_link(Private, broker.address_for(Role.EDGE, EDGE), client_id="bench-rate-out")
    receiver = mqtt_link(Private, broker.address_for(Role.HELPER, _PROBE), client_id="bench-rate-in")
    arriving = receiver.subscriber(WEIGHTS, only=_PROBE)
    async with sender, receiver:
        await receiver.wait_connected(_READY_SECONDS)
        seconds: list[float] = []
        began = time.perf_counter()
        await sender.publisher(WEIGHTS).send(message)
        async for delivery in arriving:
            delivery.done()
            seconds.append(time.perf_counter() - began)
            if len(seconds) == _PROBES:
                return message.size_bytes / percentile(seconds[1:], 0.5)
            began = time.perf_counter()
            await sender.publisher(WEIGHTS).send(message)
    raise BenchmarkError("the broker brought nothing")


def _planner(cut: Cut, share: float, rate: float, record: Path) -> Planner:
    network = network_of(cut, "benchmark", ())
    most = tuple(max(1, round(share * layer.maps_in + 0.5)) for layer in network.layers)
    caps = Caps(max_ssim=1.0, most=most, split=len(most))
    record.unlink(missing_ok=True)
    exposure = Exposure(record, cut.sha256)
    return Planner(cut, network, caps, source_device(measured_speed(), rate), exposure)


def _part(broker: EmbeddedBroker, name: str, rate: float) -> Part:
    settings = HelperSettings(
        helper=name,
        private=broker.address_for(Role.HELPER, name),
        rate_bytes_per_second=rate,
        metrics_address="",
    )
    return Part(name, python_module("feature_node.distributed"), encode_plain(settings))


async def _placed(spread: Spread, helpers: int) -> None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while spread.report is None or len(spread.report.helpers) < helpers:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise BenchmarkError(f"no placement within {_READY_SECONDS:g} s: {spread.why_not}") from None


class Totals(msgspec.Struct, frozen=True):
    """What all helpers were sent and gave back, in bytes."""

    sent: int
    received: int


def totals(spread: Spread) -> Totals:
    """Add up what was exchanged so far."""
    told = spread.report
    helpers = told.helpers.values() if told else ()
    return Totals(sum(h.sent_bytes for h in helpers), sum(h.received_bytes for h in helpers))
