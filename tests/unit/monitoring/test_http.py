"""The pages that Prometheus and an orchestrator ask for."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest

from monitoring.errors import MonitoringError
from monitoring.health import Check, Health
from monitoring.http import serve


async def get(url: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


@pytest.mark.parametrize(
    ("checks", "status", "state"),
    [
        ({}, 200, "ok"),
        ({"broker": Check("ok"), "cache": Check("degraded", "Redis is away")}, 200, "degraded"),
        ({"broker": Check("failed", "not connected yet"), "cache": Check("degraded")}, 503, "failed"),
    ],
)
async def test_readiness_is_as_bad_as_its_worst_part(
    checks: Mapping[str, Check], status: int, state: str
) -> None:
    health = Health({name: lambda check=check: check for name, check in checks.items()})
    async with serve("127.0.0.1:0", health) as base:
        code, body = await get(f"{base}/readyz")
        page = (await get(f"{base}/metrics"))[1]
    report = json.loads(body)
    assert f"penumbra_ready {float(status == 200)}" in page.splitlines()
    for name, check in checks.items():
        for each in ("ok", "degraded", "failed"):
            line = f'penumbra_check_state{{check="{name}",state="{each}"}} {float(check.state == each)}'
            assert line in page.splitlines()
    assert (code, report["state"]) == (status, state)
    assert {name: part["detail"] for name, part in report["checks"].items()} == {
        name: check.detail for name, check in checks.items()
    }


async def test_a_node_whose_loop_hangs_is_not_alive() -> None:
    health = Health(patience_seconds=0.0)
    async with serve("127.0.0.1:0", health) as base:
        assert (await get(f"{base}/healthz"))[0] == 503
        health.patience_seconds = 60.0
        assert (await get(f"{base}/healthz"))[0] == 200


async def test_metrics_are_served_and_other_paths_are_not() -> None:
    async with serve("127.0.0.1:0", Health()) as base:
        code, body = await get(f"{base}/metrics")
        assert code == 200
        assert "penumbra_hop_seconds" in body
        assert (await get(f"{base}/etc/passwd"))[0] == 404


async def test_nothing_is_served_without_an_address() -> None:
    async with serve("", Health()) as base:
        assert base == ""


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:http", "127.0.0.1:99999", "192.0.2.1:1"])
async def test_an_address_that_cannot_be_served_is_named(address: str) -> None:
    with pytest.raises(MonitoringError, match=address):
        async with serve(address, Health()):
            pass


async def test_a_taken_address_is_named() -> None:
    async with serve("127.0.0.1:0", Health()) as base:
        with pytest.raises(MonitoringError, match=r"127\.0\.0\.1"):
            async with serve(base.removeprefix("http://"), Health()):
                pass
