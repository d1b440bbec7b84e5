"""A real Prometheus with the configuration and the rules that are shipped, only quicker."""

import asyncio
import json
import math
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, final

import yaml

from tests.servers import LOOPBACK, Server, free_port, require_program, until
from tests.unit.monitoring.queries import PROMETHEUS


class Target(NamedTuple):
    """A node to scrape: what it is, its name, and where its page is."""

    role: str
    node: str
    place: str


class Series(NamedTuple):
    """One result of a query."""

    labels: Mapping[str, str]
    value: float


@final
class Prometheus:
    """Answers queries."""

    def __init__(self, server: Server) -> None:
        self._root = f"http://{LOOPBACK}:{server.port}"

    async def ready(self) -> None:
        """Wait until it answers queries: it takes connections before that."""

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"{self._root}/-/ready", timeout=10):  # noqa: S310 - loopback
                    return True
            except urllib.error.HTTPError as error:
                error.close()
                return False

        await until(lambda: asyncio.to_thread(answers), "prometheus ready")

    async def query(self, expression: str) -> list[Series]:
        """Every series of an instant query that holds a number."""
        data = await self._get("query", query=expression)
        if data["resultType"] == "scalar":
            return [Series({}, float(data["result"][1]))]
        found = [Series(each["metric"], float(each["value"][1])) for each in data["result"]]
        return [series for series in found if math.isfinite(series.value)]

    async def rules(self) -> list[dict[str, Any]]:
        """Every rule that is loaded, with its health."""
        return [rule for group in (await self._get("rules"))["groups"] for rule in group["rules"]]

    async def targets(self) -> list[dict[str, Any]]:
        """Every target that is scraped."""
        return list((await self._get("targets"))["activeTargets"])

    async def _get(self, what: str, **asked: str) -> dict[str, Any]:
        url = f"{self._root}/api/v1/{what}?{urllib.parse.urlencode(asked)}"

        def fetch() -> dict[str, Any]:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own loopback address
                return json.loads(answer.read())

        answered = await asyncio.to_thread(fetch)
        assert answered["status"] == "success", answered
        return dict(answered["data"])


@asynccontextmanager
async def running_prometheus(folder: Path, *targets: Target) -> AsyncIterator[Prometheus]:
    """Run Prometheus over these nodes, asking them every second."""
    program, port = require_program("prometheus"), free_port()
    shutil.copytree(PROMETHEUS, folder)
    config = folder / "prometheus.yml"
    text = config.read_text().replace("127.0.0.1:9090", f"{LOOPBACK}:{port}")
    config.write_text(text.replace(": 10s", ": 1s").replace("scrape_timeout: 5s", "scrape_timeout: 1s"))
    for file in (folder / "targets").glob("*.yml"):
        listed = [
            {"targets": [target.place], "labels": {"site": "home", "node": target.node}}
            for target in targets
            if target.role == file.stem
        ]
        file.write_text(yaml.safe_dump(listed))
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--log.level=warn",
    ]
    server = Server("prometheus", command, folder, port)
    try:
        await server.start()
        prometheus = Prometheus(server)
        await prometheus.ready()
        yield prometheus
    finally:
        server.kill()
