"""`penumbra broker metrics` beside a real mosquitto that was configured for production."""

import asyncio
import re
import signal
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from broker.acl import Account
from broker.production import Production, write_production
from broker.topic import Private, Role
from monitoring.broker_statistics import STATISTICS
from tests.servers import Server, free_port, require_program, running_mosquitto, until
from tests.system.command import PATIENCE, Command, penumbra, ran

MONITOR, VIEWER = Account(Role.MONITOR, "monitor"), Account(Role.VIEWER, "viewer")

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def production_broker(tmp_path: Path) -> AsyncIterator[tuple[Server, Path]]:
    """A mosquitto as `penumbra broker config` sets it up, but for statistics that come each second."""
    require_program("openssl")
    folder = tmp_path / "broker"
    plan = Production(Private, (MONITOR, VIEWER), port=free_port(), self_signed=True)
    write_production(plan, folder)
    settings = folder / "mosquitto.conf"
    text = settings.read_text()
    assert "sys_interval 10\n" in text
    settings.write_text(text.replace("sys_interval 10\n", "sys_interval 1\n") + "\nuser root\n")
    pipeline = tmp_path / "pipeline.yaml"
    pipeline.write_text(
        f"private: {{broker: {{address: 'mqtts://localhost:{plan.port}', accounts: ./broker/secrets, "
        "ca_file: ./broker/certificates/ca.crt}}"
    )
    async with running_mosquitto(config=settings, port=plan.port) as server:
        yield server, pipeline


async def page(monitor: Command) -> dict[str, float]:
    """The samples of the private broker that it serves now."""
    await monitor.said("http://127.0.0.1:")
    found = re.search(r"http://127\.0\.0\.1:\d+", monitor.out + monitor.err)
    assert found is not None

    def fetch() -> str:
        with urllib.request.urlopen(f"{found[0]}/metrics", timeout=5) as answer:  # noqa: S310 - loopback
            return answer.read().decode()

    families = text_string_to_metric_families(await asyncio.to_thread(fetch))
    return {
        sample.name: sample.value
        for family in families
        for sample in family.samples
        if sample.labels.get("side") == "private" or sample.name == "penumbra_ready"
    }


async def test_the_brokers_counts_are_served_and_an_outage_is_told(tmp_path: Path) -> None:
    async with (
        production_broker(tmp_path) as (server, pipeline),
        penumbra(tmp_path, "broker", "metrics", "--side", "private", "-c", pipeline) as monitor,
    ):
        wanted = {
            f"{statistic.metric}{'_total' if statistic.kind == 'counter' else ''}" for statistic in STATISTICS
        }

        async def told() -> bool:
            return wanted <= set(await page(monitor))

        await until(told, "every count", PATIENCE)
        now = await page(monitor)
        assert now["penumbra_broker_up"] == now["penumbra_ready"] == now["penumbra_broker_info"] == 1

        async def counted() -> bool:
            return (await page(monitor))["penumbra_broker_clients"] == 1

        await until(counted, "the broker's next count of its clients", PATIENCE)
        server.kill()

        async def gone() -> bool:
            return (await page(monitor))["penumbra_broker_up"] == 0

        await until(gone, "the outage", PATIENCE)
        away = await page(monitor)
        assert away["penumbra_ready"] == 0
        assert not wanted & set(away)
        await server.start()
        await until(told, "every count again", PATIENCE)
        monitor.send(signal.SIGTERM)
        assert await monitor.ended() == 0
        assert "Traceback" not in monitor.err


async def test_an_account_that_may_not_read_them_is_told_so(tmp_path: Path) -> None:
    async with production_broker(tmp_path) as (_, pipeline):
        address = re.search(r"mqtts://(localhost:\d+)", pipeline.read_text())
        assert address is not None
        words = ("--broker", f"mqtts://viewer-viewer@{address[1]}")
        files = ("--password-file", tmp_path / "broker" / "secrets" / "viewer-viewer.password")
        trust = ("--ca-file", tmp_path / "broker" / "certificates" / "ca.crt")
        async with penumbra(
            tmp_path, "broker", "metrics", "--side", "private", *words, *files, *trust
        ) as monitor:

            async def let_in() -> bool:
                return (await page(monitor))["penumbra_broker_up"] == 1

            # mosquitto takes any subscription and delivers nothing to who may not read.
            await until(let_in, "the link", PATIENCE)
            now = await page(monitor)
            assert now["penumbra_ready"] == 0
            assert not {name for name in now if name.endswith("_total")}
            assert "Traceback" not in monitor.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Write either --config FILE"),
        (("--broker", "mqtt://localhost:1", "--metrics", ""), "--metrics: is empty"),
        (("--broker", "http://localhost:1"), "is not the address of a broker"),
        (("--broker", "mqtt://localhost:1", "--metrics", "192.0.2.1:1"), "192.0.2.1:1"),
    ],
)
async def test_what_cannot_be_meant_is_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    status, told = await ran(tmp_path, "broker", "metrics", "--side", "cloud", *words)
    assert status in (1, 2)
    assert said in told.err
    assert "Traceback" not in told.err
