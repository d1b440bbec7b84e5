"""Traces of a real clip through the whole set-up, to collectors that speak OTLP, hang, or are not there."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from broker.cloud_topics import FEATURES
from broker.features import Features
from broker.topic import Cloud
from camera_node.settings import CameraSpec
from monitoring.traces import TraceSettings
from tests.collector import Collector, collecting, told
from tests.servers import LOOPBACK, free_port, until
from tests.system.nodes import Node
from tests.system.pipeline import Setup, link_to, running_setup
from tests.system.test_odd_streams import replay_command, report_of
from tests.system.watching import Watcher, watching

FACES = "videos/intel_asl_5people/eat.mkv"
PICTURES = 47
CAMERA, SITE = "nursery", "lighthouse"
PATIENT = 100.0
"""Seconds that nobody gives up before: a frame that comes twice would have two spans of each kind."""
WITHIN = 120.0
EDGE_PARTS = ["cross", "detect", "extract", "home", "protect", "seal", "wait"]
OK = 1


def a_camera(data_dir: Path) -> CameraSpec:
    return CameraSpec(name=CAMERA, source=str(data_dir / FACES), resend_after=PATIENT)


async def all_answered(camera: Node, watcher: Watcher) -> None:
    camera.start()
    await until(lambda: not camera.running, "the camera's file at its end", WITHIN)
    await until(lambda: len(watcher.answers[CAMERA]) >= PICTURES, "every answer", WITHIN)
    assert [answer.outcome for answer in watcher.answers[CAMERA]] == ["answered"] * PICTURES
    assert len({answer.sequence for answer in watcher.answers[CAMERA]}) == PICTURES


def by_trace(spans: Iterable[Span]) -> dict[bytes, dict[str, Span]]:
    traces: dict[bytes, dict[str, Span]] = defaultdict(dict)
    for span in spans:
        assert span.name not in traces[span.trace_id], f"two spans {span.name} in one trace"
        traces[span.trace_id][span.name] = span
    return traces


def check_private(trace: dict[str, Span]) -> None:
    """One frame's way through camera and edge, each part under the one that it is a part of."""
    capture, edge = trace["capture"], trace["edge"]
    assert sorted(trace) == sorted(["capture", "edge", "send", *EDGE_PARTS])
    assert not capture.parent_span_id
    assert edge.parent_span_id == capture.span_id
    assert {trace[name].parent_span_id for name in EDGE_PARTS} == {edge.span_id}
    assert trace["send"].parent_span_id == trace["cross"].span_id
    assert (told(capture)["penumbra.outcome"], told(edge)["penumbra.outcome"]) == ("sent", "answered")
    assert told(edge)["penumbra.camera"] == CAMERA
    for span in trace.values():
        assert span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.status.code == OK


def check_cloud(trace: dict[str, Span], crossing: Span) -> None:
    """The analyzer's part, under the one that crossed."""
    analyze = trace.pop("analyze")
    assert analyze.parent_span_id == crossing.span_id
    assert {"cache", "queue", "send"} <= set(trace) <= {"cache", "queue", "send", "network"}
    assert {span.parent_span_id for span in trace.values()} == {analyze.span_id}
    assert told(analyze)["penumbra.outcome"] in {"answered", "cached"}
    assert analyze.status.code == OK


def check_nothing_named(collector: Collector, setup: Setup, streams: set[str]) -> None:
    """Nothing that the cloud's collector was sent holds a name of the private side, or a stream's."""
    sent = b"".join(collector.bodies)
    hidden = {CAMERA, SITE, "eat.mkv", "edge", *streams, *setup.private.passwords, *setup.cloud.passwords}
    assert [name for name in hidden if name.encode() in sent] == []
    allowed = {"bundle", "regions", "batch", "hits", "cached", "outcome"}
    assert {key for span in collector.spans for key in told(span)} <= {f"penumbra.{key}" for key in allowed}
    assert not any(span.trace_state for span in collector.spans)


@pytest.mark.timeout(400)
async def test_one_trace_a_frame_from_the_camera_to_the_cloud_and_home(
    data_dir: Path, tmp_path: Path
) -> None:
    with collecting() as home, collecting() as away:
        private, cloud = TraceSettings(endpoint=home.address), TraceSettings(endpoint=away.address)
        edge = {"traces": private, "share_traces": True, "answer_timeout": PATIENT}
        setting_up = running_setup(
            tmp_path, cameras=(CAMERA,), site=SITE, edge=edge, analyzer={"traces": cloud}
        )
        async with setting_up as setup, watching(setup) as watcher, listening(setup) as crossed:
            await all_answered(setup.camera(a_camera(data_dir), traces=private), watcher)
            metrics = await setup.edge.metrics()
            await setup.edge.stop()
            await setup.analyzer.stop()
            traces, continued = by_trace(home.spans), by_trace(away.spans)
            assert set(traces) == set(continued)
            assert len(traces) == PICTURES
            for trace_id, trace in traces.items():
                check_private(trace)
                assert [link.span_id for link in trace["home"].links] == [
                    continued[trace_id]["analyze"].span_id
                ]
                check_cloud(continued[trace_id], trace["cross"])
            check_nothing_named(away, setup, {features.stream for features in crossed})
            # What crossed is the random id of the frame's trace, and home it is the answer's.
            assert {features.traceparent for features in crossed} == {of(t["cross"]) for t in traces.values()}
            answers = watcher.answers[CAMERA]
            assert {answer.traceparent for answer in answers} == {of(t["home"]) for t in traces.values()}
            services = Counter(resource["service.name"] for resource in home.resources)
            assert set(services) == {"penumbra-camera", "penumbra-edge"}
            assert {resource["service.name"] for resource in away.resources} == {"penumbra-analyzer"}
            assert metrics["penumbra_trace_spans_total", "overflow"] == 0


@pytest.mark.timeout(400)
async def test_collectors_that_hang_or_are_not_there_cost_no_frame(data_dir: Path, tmp_path: Path) -> None:
    with collecting(hangs=True) as hanging:
        private = TraceSettings(endpoint=hanging.address)
        absent = TraceSettings(endpoint=f"http://{LOOPBACK}:{free_port()}")
        edge = {"traces": private, "answer_timeout": PATIENT}
        setting_up = running_setup(
            tmp_path, cameras=(CAMERA,), site=SITE, edge=edge, analyzer={"traces": absent}
        )
        async with setting_up as setup, watching(setup) as watcher, listening(setup) as crossed:
            await all_answered(setup.camera(a_camera(data_dir), traces=private), watcher)
            # Without the site's word no trace crosses, not even an empty field.
            assert {features.traceparent for features in crossed} == {""}
            for node in (setup.edge, setup.analyzer):
                await spans_lost(node)
                await node.stop()
                assert node.log().count("takes no spans") == 1


@pytest.mark.timeout(400)
@pytest.mark.parametrize("there", [True, False])
def test_a_replay_by_pipeline_file_is_traced_from_file_to_answer(
    data_dir: Path, tmp_path: Path, there: bool
) -> None:
    config = tmp_path / "pipeline.yaml"
    with collecting() as collector:
        endpoint = collector.address if there else f"http://{LOOPBACK}:{free_port()}"
        config.write_text(
            f"private: {{traces: {{endpoint: {endpoint}, share: true}}}}\n"
            f"cloud: {{traces: {endpoint}}}\n"
            "edge: {detection_size: 320x320, answer_timeout: 100s}\n"
        )
        done = replay_command(data_dir / FACES, "--config", config, "--json")
        assert done.returncode == 0, done.stderr[-3000:]
        report = report_of(done)
    assert report["frames_dropped"] == {}
    assert report["frames_read"] == report["frames_processed"] == PICTURES
    traces: dict[bytes, set[str]] = defaultdict(set)
    for span in collector.spans:
        traces[span.trace_id].add(span.name)
    assert len(traces) == (PICTURES if there else 0)
    for names in traces.values():
        assert {"capture", "edge", "cross", "analyze", "home"} <= names
    assert done.stderr.count("takes no spans") == (0 if there else 1)


def of(span: Span) -> str:
    return f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"


async def spans_lost(node: Node) -> None:
    async def lost() -> bool:
        metrics = await node.metrics()
        return metrics["penumbra_trace_spans_total", "unreachable"] > 0

    await until(lost, f"{node.name} to count lost spans", WITHIN)


@asynccontextmanager
async def listening(setup: Setup) -> AsyncIterator[list[Features]]:
    """What crosses to the cloud, as the cloud broker's spy sees it."""
    link = link_to(Cloud, setup.cloud.spy())
    features = link.subscriber(FEATURES, capacity=256)
    heard: list[Features] = []

    async def listen() -> None:
        async for delivery in features:
            heard.append(delivery.message)
            delivery.done()

    async with asyncio.TaskGroup() as tasks:
        spy = tasks.create_task(listen(), name="spy")
        async with link:
            await link.wait_connected(WITHIN)
            yield heard
        spy.cancel()
