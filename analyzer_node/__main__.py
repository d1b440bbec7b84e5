"""Runs an analyzer from settings on stdin: wiring, and nothing else."""

import asyncio
import platform
import secrets
import signal
import sys
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from importlib.metadata import version
from typing import Final

from analyzer_node.analysis import Analysis
from analyzer_node.batching import Batcher
from analyzer_node.breaker import Breaker
from analyzer_node.delivery import Homeward
from analyzer_node.errors import AnalyzerError
from analyzer_node.guarded_store import GuardedStore
from analyzer_node.memory_store import MemoryStore
from analyzer_node.metrics import Metrics, export_gauges
from analyzer_node.networks import Network, NetworkThread, load_networks
from analyzer_node.node import Questions, run_analyzer, weigh
from analyzer_node.presence import Reporter
from analyzer_node.redis_address import open_client
from analyzer_node.redis_store import RedisStore
from analyzer_node.settings import AnalyzerSettings, decode_settings
from analyzer_node.store import ResultStore
from broker.cloud_topics import ANALYZER_STATUS, FEATURES, RESULTS
from broker.errors import BrokerError
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.presence import Presence
from broker.topic import Cloud
from models.errors import BundleError
from monitoring.errors import MonitoringError
from monitoring.health import Check, Health
from monitoring.http import serve
from monitoring.links import LinkMetrics
from monitoring.logs import get_logger, set_up_logs
from monitoring.metrics import describe_build
from monitoring.traces import tracing

BAD_SETTINGS: Final = 2


def run(settings: AnalyzerSettings) -> None:
    """Run an analyzer until SIGTERM or SIGINT; returns once what it took is answered.

    Raises:
        AnalyzerError, BrokerError, BundleError, MonitoringError: it cannot start; the text says what to do.
    """
    set_up_logs(settings.node, settings.log_format)
    describe_build(version("penumbra"), platform.python_version(), "analyzer")
    networks = load_networks(settings.bundles, threads=settings.threads)
    get_logger().info("analyzers loaded", bundles=sorted(networks))
    asyncio.run(_run(settings, networks))


async def _run(settings: AnalyzerSettings, networks: Mapping[str, Network]) -> None:
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        metrics = Metrics()
        store = GuardedStore(
            await _open_store(settings, metrics, stack), Breaker(), count=metrics.store_failed
        )
        reporter = Reporter(
            settings.node, version("penumbra"), sorted(networks), lambda: store.trouble, metrics.dropped
        )
        link = _link(settings, reporter)
        health = Health({"cloud": lambda: _check_link(link), "store": reporter.check_store})
        address = await stack.enter_async_context(serve(settings.metrics_address, health))
        get_logger().info("analyzer starts", broker=str(settings.cloud), metrics=address)
        traces = await stack.enter_async_context(tracing(settings.traces, "analyzer", settings.node))
        thread = await stack.enter_async_context(NetworkThread(max_batch=settings.max_batch, tally=metrics))
        features = link.subscriber(FEATURES, group=settings.group, capacity=2 * settings.in_flight)
        homeward = Homeward(link.publisher(RESULTS), store, metrics)
        await stack.enter_async_context(link)
        questions = _questions(settings, store)
        async with asyncio.TaskGroup() as tasks:
            background = (
                tasks.create_task(store.watch(), name="watch the store"),
                tasks.create_task(reporter.keep_announcing(link), name="announce"),
            )
            analysis = Analysis(networks, thread, store, metrics, traces=traces)
            work = run_analyzer(features, questions, analysis, homeward, stop)
            await _until_drained(work, stop, settings.drain_seconds)
            for task in background:
                task.cancel()


async def _until_drained(work: Awaitable[None], stop: asyncio.Event, seconds: float) -> None:
    """Await the work; from the signal to stop on, for at most `seconds`."""

    async def limit() -> None:
        await stop.wait()
        end.reschedule(asyncio.get_running_loop().time() + seconds)

    try:
        async with asyncio.timeout(None) as end:
            limiter = asyncio.create_task(limit(), name="limit the drain")
            await work
    except TimeoutError:
        get_logger().warning("drain cut short: what was left will be asked again by its source")
    finally:
        limiter.cancel()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _open_store(settings: AnalyzerSettings, metrics: Metrics, stack: AsyncExitStack) -> ResultStore:
    address = settings.redis_address()
    if address is None:
        return MemoryStore(history=settings.history_length)
    timeout = settings.store_timeout_ms / 1000
    store = RedisStore(
        open_client(address, timeout=timeout),
        timeout=timeout,
        ttl=settings.ttl_seconds,
        mark_ttl=settings.duplicate_seconds,
        history=settings.history_length,
        count=metrics.store_failed,
    )
    return await stack.enter_async_context(store)


def _link(settings: AnalyzerSettings, reporter: Reporter) -> Link[Cloud]:
    return mqtt_link(
        Cloud,
        settings.cloud,
        client_id=f"{settings.node}-{secrets.token_hex(4)}",
        presence=Presence(ANALYZER_STATUS, reporter.offline, reporter.now),
        observer=LinkMetrics("cloud"),
        receive_maximum=settings.in_flight,
    )


def _questions(settings: AnalyzerSettings, store: GuardedStore) -> Questions:
    questions = Batcher(
        weigh,
        max_weight=settings.max_batch,
        capacity=2 * settings.in_flight,
        linger=settings.batch_latency_ms / 1000,
    )
    export_gauges(lambda: len(questions), questions.capacity, lambda: not store.down)
    return questions


def _check_link(link: Link[Cloud]) -> Check:
    return Check("ok" if link.connected else "failed", link.detail)


def main() -> int:
    """Read the settings, run, and put any error of ours into one line."""
    try:
        run(decode_settings(sys.stdin.buffer.read()))
    except (AnalyzerError, BrokerError, BundleError, MonitoringError) as error:
        print(f"penumbra analyzer: {error}", file=sys.stderr)  # noqa: T201 - the message to the user
        return BAD_SETTINGS
    return 0


if __name__ == "__main__":
    sys.exit(main())
