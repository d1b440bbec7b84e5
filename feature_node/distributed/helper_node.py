"""A helping device as a node: announces what it can do, takes weights and work, gives partial outputs."""

import asyncio
import platform
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import final

from broker.ends import Publisher, Subscriber
from broker.errors import LinkError
from broker.helper_topics import CAPACITY, PARTIAL, WEIGHTS, WORK
from broker.helpers import HelperCapacity, HelperPartial, HelperWeights, HelperWork
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.presence import Presence
from broker.topic import Private
from feature_node.distributed.helper import Helper
from feature_node.distributed.segment import measured_speed
from feature_node.distributed.settings import HelperSettings
from monitoring import metrics
from monitoring.health import Check, Health
from monitoring.http import serve
from monitoring.links import LinkMetrics
from monitoring.logs import get_logger, set_up_logs

_WAITING = 32


@final
class HelperNode:
    """Answers one piece of work after the other, in the order in which they come."""

    def __init__(self, helper: Helper, partials: Publisher[HelperPartial]) -> None:
        self._helper = helper
        self._partials = partials

    async def take_weights(self, weights: Subscriber[HelperWeights]) -> None:
        """Keep slices for ever."""
        async for delivery in weights:
            refusal = self._helper.keep(delivery.message)
            delivery.done()
            metrics.WEIGHTS_BYTES.set(self._helper.kept_bytes)
            if refusal:
                get_logger().warning("weights refused", side="private", reason=refusal)

    async def take_work(self, work: Subscriber[HelperWork]) -> None:
        """Compute for ever; what cannot be sent back is counted, and its source asks somebody else."""
        async for delivery in work:
            partial = await asyncio.to_thread(self._helper.answer, delivery.message)
            delivery.done()
            outcome: str = partial.refused or "done"
            metrics.WORK_SECONDS.observe(partial.seconds)
            try:
                await self._partials.send(partial)
            except LinkError:
                outcome = "not-sent"
            metrics.WORK.labels(outcome).inc()


async def serve_helper(settings: HelperSettings, stop: asyncio.Event) -> None:
    """Run a helper until `stop` is set.

    Raises:
        BrokerError, MonitoringError: It cannot start; the text says why.
    """
    speed = settings.multiplications_per_second
    speed = await asyncio.to_thread(measured_speed) if speed is None else speed
    link = _link(settings, speed)
    node = HelperNode(Helper(settings.helper, settings.memory_bytes), link.publisher(PARTIAL))
    health = Health({"private-broker": lambda: Check("ok" if link.connected else "failed", link.detail)})
    weights = link.subscriber(WEIGHTS, only=settings.helper, capacity=_WAITING)
    work = link.subscriber(WORK, only=settings.helper, capacity=_WAITING)
    async with serve(settings.metrics_address, health) as address, link:
        get_logger().info("helper starts", metrics=address, multiplications_per_second=round(speed))
        async with _working(node, weights, work):
            await stop.wait()
    get_logger().info("helper ends")


@asynccontextmanager
async def _working(
    node: HelperNode, weights: Subscriber[HelperWeights], work: Subscriber[HelperWork]
) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = (
            tasks.create_task(node.take_weights(weights), name="weights"),
            tasks.create_task(node.take_work(work), name="work"),
        )
        yield
        for task in running:
            task.cancel()


def _link(settings: HelperSettings, speed: float) -> Link[Private]:
    here = HelperCapacity(
        helper=settings.helper,
        state="online",
        run=secrets.randbits(53),
        memory_bytes=settings.memory_bytes,
        multiplications_per_second=speed,
        bytes_per_second=settings.rate_bytes_per_second,
        version=version("penumbra"),
    )
    return mqtt_link(
        Private,
        settings.private,
        client_id=f"penumbra-helper-{settings.helper}-{secrets.token_hex(4)}",
        presence=Presence(CAPACITY, HelperCapacity(helper=settings.helper, state="offline"), lambda: here),
        observer=LinkMetrics("private"),
    )


async def _until_signalled(settings: HelperSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve_helper(settings, stop)


def run(settings: HelperSettings) -> None:
    """Run a helper in this process until SIGTERM or SIGINT; see `serve_helper` for what it raises."""
    set_up_logs(settings.helper, settings.log_format)
    metrics.describe_build(version("penumbra"), platform.python_version(), "helper")
    asyncio.run(_until_signalled(settings))
