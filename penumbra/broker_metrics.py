"""Reads what a broker says of itself and serves it to Prometheus, until told to stop."""

import asyncio
import platform
import secrets
import signal
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import REGISTRY

from broker.address import BrokerAddress
from broker.mqtt import RECEIVE_MAXIMUM, MqttTransport
from broker.statistics import StatisticsLink
from monitoring.broker_statistics import TOPICS, BrokerStatistics
from monitoring.health import Check, Health
from monitoring.http import serve
from monitoring.logs import Format, get_logger, set_up_logs
from monitoring.metrics import describe_build

SideName = Literal["private", "cloud"]

_SILENT: Final = "the broker says nothing of itself; mosquitto does with sys_interval 10, to monitors alone"


def run(side: SideName, address: BrokerAddress, page: str, log_format: Format) -> None:
    """Serve a broker's counts in this process until SIGTERM or SIGINT.

    Raises:
        MonitoringError: The page cannot be served where it was asked for.
    """
    set_up_logs(f"{side}-broker", log_format)
    describe_build(version("penumbra"), platform.python_version(), "monitor")
    asyncio.run(_until_signalled(side, address, page))


async def serve_statistics(side: SideName, address: BrokerAddress, page: str, stop: asyncio.Event) -> None:
    """Read the broker's counts and serve them until `stop` is set.

    Raises:
        MonitoringError: The page cannot be served where it was asked for.
    """
    statistics = BrokerStatistics(side)
    client_id = f"penumbra-monitor-{secrets.token_hex(4)}"
    link = StatisticsLink(MqttTransport(address, client_id, RECEIVE_MAXIMUM), TOPICS, statistics)

    def check() -> Check:
        if link.detail:
            return Check("failed", link.detail)
        return Check("ok") if statistics.known else Check("failed", _SILENT)

    REGISTRY.register(statistics)
    try:
        async with serve(page, Health({"broker": check})) as served:
            get_logger().info("monitor starts", side=side, broker=str(address), metrics=served)
            staying = asyncio.create_task(link.stay(), name=f"statistics {side}")
            await stop.wait()
            staying.cancel()
            await asyncio.gather(staying, return_exceptions=True)
    finally:
        REGISTRY.unregister(statistics)


async def _until_signalled(side: SideName, address: BrokerAddress, page: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve_statistics(side, address, page, stop)
