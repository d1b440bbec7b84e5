"""Analyzers as processes over a real mosquitto and a real redis-server, pulled from under them in turn."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from analyzer_node.keys import history_key
from analyzer_node.redis_address import open_client, parse_address
from analyzer_node.settings import AnalyzerSettings, encode_settings
from broker.address import BrokerAddress
from broker.cloud_topics import ANALYZER_STATUS, FEATURES, RESULTS
from broker.ends import Subscriber
from broker.features import Protection
from broker.gate import Draft, ReleaseContract, ReleaseGate, Sealed
from broker.link import Link
from broker.mqtt import MqttTransport, mqtt_link
from broker.results import Result
from broker.status import NodeStatus
from broker.topic import Cloud
from models.manifest import Manifest
from tests.servers import Server, free_port, until
from tests.unit.analyzer_node.parts import OTHER_STREAM, STREAM, toy_bundle

ASK_AGAIN_SECONDS = 1.0
"""The real edge's source asks again, too; brokers may lose what a killed analyzer held."""
ALL_WITHIN = 60.0


class Edge:
    """Asks as an edge does: seals, sends, asks again what stays unanswered, ignores repetitions."""

    def __init__(self, link: Link[Cloud], bundle: str) -> None:
        self._features = link.publisher(FEATURES)
        self._results: Subscriber[Result] = link.subscriber(RESULTS, capacity=1000)
        self._bundle = bundle
        self._gate = ReleaseGate(
            ReleaseContract(kind="embedding", bundle=bundle, region_bytes=4, mechanism="int8")
        )
        self.answers: dict[tuple[str, int], Result] = {}
        self.repetitions = 0
        self._news = asyncio.Event()

    def seal(self, stream: str, sequence: int) -> Sealed:
        above = sequence % 2 == 0
        draft = Draft(
            stream=stream,
            run=7,
            sequence=sequence,
            captured_ns=1_760_000_000_000_000_000 + sequence,
            sent_ns=1_760_000_000_000_000_000,
            bundle=self._bundle,
            kind="embedding",
            regions=(bytes([100, 1, 2, sequence % 100]) if above else b"\x9c\x9c\x00\x01",),
            protection=Protection("int8"),
        )
        return self._gate.seal(draft)

    async def listen(self) -> None:
        async for delivery in self._results:
            result = delivery.message
            delivery.done()
            key = (result.stream, result.sequence)
            self.repetitions += key in self.answers
            self.answers.setdefault(key, result)
            self._news.set()

    async def ask(self, questions: Iterable[tuple[str, int]]) -> None:
        """Ask until all is answered."""
        open_questions = list(questions)
        async with asyncio.timeout(ALL_WITHIN):
            while open_questions:
                for stream, sequence in open_questions:
                    await self._features.send(self.seal(stream, sequence))
                with suppress(TimeoutError):
                    async with asyncio.timeout(ASK_AGAIN_SECONDS):
                        while not all(question in self.answers for question in open_questions):
                            self._news.clear()
                            await self._news.wait()
                open_questions = [one for one in open_questions if one not in self.answers]

    def check(self) -> None:
        for (_, sequence), result in self.answers.items():
            assert result.refused == ""
            assert [region.label for region in result.regions] == ["above" if sequence % 2 == 0 else "below"]


class Analyzer:
    """An analyzer process."""

    def __init__(self, settings: AnalyzerSettings) -> None:
        self.settings = settings
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "analyzer_node",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(encode_settings(self.settings))
        self._process.stdin.close()

    async def get(self, path: str) -> tuple[int, str]:
        return await asyncio.to_thread(fetch, f"http://{self.settings.metrics_address}{path}")

    async def state(self) -> str:
        """What /readyz says: ok, degraded, failed, or nothing yet."""
        status, body = await self.get("/readyz")
        return str(json.loads(body)["state"]) if status in (200, 503) else ""

    async def ready(self) -> bool:
        return (await self.get("/readyz"))[0] == 200

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return exit status and log."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(20):
            _, log = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, log.decode()


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a node of ours
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.fixture
def bundle(tmp_path: Path) -> Manifest:
    return toy_bundle(tmp_path / "toy")


@asynccontextmanager
async def an_analyzer(
    tmp_path: Path, mosquitto: Server, *, ready: bool = True, **changes: Any
) -> AsyncIterator[Analyzer]:
    fields: dict[str, Any] = {
        "node": "cloud-1",
        "cloud": BrokerAddress(host=mosquitto.host, port=mosquitto.port),
        "bundles": (tmp_path / "toy",),
        "metrics_address": f"127.0.0.1:{free_port()}",
        "store_timeout_ms": 2000.0,
    }
    analyzer = Analyzer(AnalyzerSettings(**{**fields, **changes}))
    await analyzer.start()
    try:
        if ready:
            await until(analyzer.ready, "the analyzer is ready")
        yield analyzer
    finally:
        if analyzer.process.returncode is None:
            analyzer.process.kill()
            await analyzer.process.communicate()


@asynccontextmanager
async def an_edge(mosquitto: Server, bundle: str, client_id: str = "edge-under-test") -> AsyncIterator[Edge]:
    address = BrokerAddress(host=mosquitto.host, port=mosquitto.port)
    link = mqtt_link(Cloud, address, client_id=client_id)
    edge = Edge(link, bundle)
    async with link:
        await link.wait_connected(15)
        listening = asyncio.create_task(edge.listen())
        try:
            yield edge
        finally:
            listening.cancel()


@asynccontextmanager
async def statuses(mosquitto: Server) -> AsyncIterator[dict[str, NodeStatus]]:
    """The newest status of each node."""
    link = mqtt_link(Cloud, BrokerAddress(host=mosquitto.host, port=mosquitto.port), client_id="viewer")
    subscriber, newest = link.subscriber(ANALYZER_STATUS), dict[str, NodeStatus]()

    async def follow() -> None:
        async for delivery in subscriber:
            newest[delivery.message.node] = delivery.message
            delivery.done()

    async with link:
        following = asyncio.create_task(follow())
        try:
            yield newest
        finally:
            following.cancel()


def questions(first: int, last: int) -> list[tuple[str, int]]:
    return [(stream, n) for n in range(first, last) for stream in (STREAM, OTHER_STREAM)]


async def test_redis_goes_and_returns_and_every_question_is_answered(
    tmp_path: Path, bundle: Manifest, mosquitto: Server, redis_server: Server
) -> None:
    redis = f"unix://{redis_server.socket}"
    async with (
        an_analyzer(tmp_path, mosquitto, redis=redis) as analyzer,
        an_edge(mosquitto, bundle.bundle_id) as edge,
        statuses(mosquitto) as seen,
    ):
        await edge.ask(questions(0, 20))
        await until(lambda: seen["cloud-1"].state == "online", "it says online")
        assert await analyzer.state() == "ok"
        redis_server.kill()
        await edge.ask(questions(20, 40))
        await until(lambda: seen["cloud-1"].state == "degraded", "it says degraded")
        assert await analyzer.state() == "degraded"
        await redis_server.start()
        await until(lambda: seen["cloud-1"].state == "online", "it says online again")
        await edge.ask(questions(40, 60))
        edge.check()
        await edge.ask([(STREAM, 59)])
        assert (await analyzer.end())[0] == 0
        client = open_client(parse_address(redis), timeout=5)
        assert await client.xlen(history_key(STREAM)) == 20
        await client.aclose()
    assert seen["cloud-1"].bundle == (bundle.bundle_id,)


async def test_one_of_two_is_killed_and_every_question_is_answered(
    tmp_path: Path, bundle: Manifest, mosquitto: Server
) -> None:
    async with (
        an_analyzer(tmp_path, mosquitto, node="cloud-1") as one,
        an_analyzer(tmp_path, mosquitto, node="cloud-2") as two,
        an_edge(mosquitto, bundle.bundle_id) as edge,
        statuses(mosquitto) as seen,
    ):
        await until(lambda: set(seen) == {"cloud-1", "cloud-2"}, "both say that they are there")
        asking = asyncio.create_task(edge.ask(questions(0, 300)))
        await until(lambda: len(edge.answers) > 20, "some are answered")
        await one.end(signal.SIGKILL)
        await asking
        edge.check()
        assert len(edge.answers) == 600
        assert await two.state() == "ok"
        await until(lambda: seen["cloud-1"].state == "offline", "the will is carried out")
        assert seen["cloud-2"].state == "online"


async def test_the_broker_restarts_and_every_question_is_answered(
    tmp_path: Path, bundle: Manifest, mosquitto: Server
) -> None:
    async with (
        an_analyzer(tmp_path, mosquitto) as analyzer,
        an_edge(mosquitto, bundle.bundle_id) as edge,
    ):
        asking = asyncio.create_task(edge.ask(questions(0, 100)))
        await until(lambda: len(edge.answers) > 20, "some are answered")
        await mosquitto.restart()
        await asking
        edge.check()
        await until(analyzer.ready, "it is ready again")


async def test_it_waits_for_a_broker_that_comes_later_and_needs_no_redis(
    tmp_path: Path, bundle: Manifest, mosquitto: Server
) -> None:
    mosquitto.kill()
    async with an_analyzer(tmp_path, mosquitto, ready=False, redis="redis://127.0.0.1:1") as analyzer:
        await until(lambda: analyzer_failed(analyzer), "it says that it is not ready")
        await mosquitto.start()
        async with an_edge(mosquitto, bundle.bundle_id) as edge:
            await until(analyzer.ready, "it is ready")
            assert await analyzer.state() == "degraded"
            await edge.ask(questions(0, 10))
            edge.check()


async def analyzer_failed(analyzer: Analyzer) -> bool:
    return await analyzer.state() == "failed"


async def test_nonsense_on_its_topic_is_counted_and_leaves_no_trace(
    tmp_path: Path, bundle: Manifest, mosquitto: Server
) -> None:
    address = BrokerAddress(host=mosquitto.host, port=mosquitto.port)
    nonsense = b"penumbra-nonsense"
    async with (
        an_analyzer(tmp_path, mosquitto) as analyzer,
        an_edge(mosquitto, bundle.bundle_id) as edge,
        an_edge(mosquitto, "0123456789abcdef", "stranger") as stranger,
    ):
        session = await MqttTransport(address, "vandal", 16).connect(None, lambda _incoming: None)
        for data in (b"", nonsense, b"PE\x01" + nonsense, b"PE\x09", edge.seal(OTHER_STREAM, 0).wire):
            await session.publish(FEATURES.path(STREAM), data, qos=1, retain=False)
        await session.close()
        await stranger.ask([(STREAM, 1000)])
        assert stranger.answers[(STREAM, 1000)].refused == "unknown-bundle"
        await edge.ask(questions(0, 4))
        _, metrics = await analyzer.get("/metrics")
        code, log = await analyzer.end()
    assert code == 0
    assert nonsense.decode() not in log
    assert STREAM not in log + metrics
    assert 'penumbra_results_total{outcome="unknown-bundle"}' in metrics
    for reason in ("foreign-message", "malformed", "unknown-schema", "wrong-topic"):
        assert f'penumbra_messages_refused_total{{reason="{reason}",topic="penumbra/features"}}' in metrics


async def test_an_orderly_end_says_offline_and_exits_with_0(
    tmp_path: Path, bundle: Manifest, mosquitto: Server
) -> None:
    async with an_analyzer(tmp_path, mosquitto) as analyzer, statuses(mosquitto) as seen:
        await until(lambda: "cloud-1" in seen, "it says that it is there")
        assert seen["cloud-1"].state == "online"
        code, log = await analyzer.end(signal.SIGINT)
        assert (code, "Traceback" in log) == (0, False)
        await until(lambda: seen["cloud-1"].state == "offline", "it says that it is gone")


@pytest.mark.parametrize(
    "settings", [b"", b"{}", b'{"node": "a", "cloud": {"host": "h", "port": 1}, "bundles": ["none"]}']
)
def test_settings_that_cannot_be_used_are_one_line_and_status_2(settings: bytes) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "analyzer_node"], input=settings, capture_output=True, timeout=60, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.decode().startswith("penumbra analyzer: ")
    assert ran.stderr.count(b"\n") == 1
