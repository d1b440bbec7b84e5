"""Spans reach a collector or are counted; without an endpoint there is nothing, not even the library."""

import subprocess
import sys

import pytest
from prometheus_client import REGISTRY

from broker.trace_context import is_traceparent
from monitoring.errors import BadTraces
from monitoring.otlp import QUEUE
from monitoring.traces import NO_SPAN, TraceSettings, tracing
from tests.collector import collecting, told
from tests.servers import LOOPBACK, free_port, until

WITHIN = 30.0
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_KEPT = GIVEN[:-2] + "00"
OK, ERROR = 1, 2


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("penumbra_trace_spans_total", {"outcome": outcome}) or 0.0


async def test_without_an_endpoint_everything_is_nothing() -> None:
    async with tracing(TraceSettings(), "edge") as traces:
        span = traces.begin("edge", parent=GIVEN)
        assert span is NO_SPAN
        assert span.child("home") is NO_SPAN
        with span.around("detect"):
            span.past("wait", 1, 2)
        span.end("answered")
        assert span.traceparent == ""


@pytest.mark.parametrize(
    ("nodes", "absent"),
    [
        ("camera_node.__main__, feature_node.__main__", "opentelemetry"),
        # redis-py looks for OpenTelemetry by itself.
        ("analyzer_node.__main__, penumbra.__main__, penumbra.up", "monitoring.otlp"),
    ],
)
def test_no_node_imports_opentelemetry_by_itself(nodes: str, absent: str) -> None:
    program = f"import sys, {nodes}; print([name for name in sys.modules if name.startswith({absent!r})])"
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


async def test_where_the_library_is_missing_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "monitoring.otlp", None)
    with pytest.raises(BadTraces, match=r"penumbra\[traces\]"):
        async with tracing(TraceSettings(endpoint="http://127.0.0.1:4318"), "edge"):
            pass


@pytest.mark.parametrize(
    "endpoint",
    [
        "127.0.0.1:4318",
        "ftp://host",
        "http://",
        "http://host:0",
        "http://host:99999",
        "http://host/?key=secret",
        "http://user:secret@host:4318",
        "http://token-secret@host:4318",
        "http://host/" + "a" * 600,
    ],
)
def test_what_is_no_address_is_refused_without_its_secret(endpoint: str) -> None:
    with pytest.raises(BadTraces) as refusal:
        TraceSettings(endpoint=endpoint)
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("ratio", [0, -1, 1.1, float("nan")])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(BadTraces, match="ratio"):
        TraceSettings(ratio=ratio)


async def test_spans_arrive_with_their_parents_times_and_what_became_of_them() -> None:
    with collecting() as collector:
        async with tracing(TraceSettings(endpoint=collector.address + "/"), "edge", "edge-1") as traces:
            whole = traces.begin("edge", parent=GIVEN, start_ns=1_000, kind="consumer", camera="front")
            whole.past("wait", 1_000, 3_000, hits=2)
            other = traces.begin("analyze", parent=whole.traceparent)
            home = whole.child("home", after=other.traceparent)
            home.end("answered")
            foreign = whole.child("foreign", after=GIVEN.replace("0af7", "ffff"))
            foreign.end()
            with pytest.raises(ZeroDivisionError), whole.around("detect"):
                raise ZeroDivisionError
            whole.end("cloud-timeout", failed=True, end_ns=9_000)
            whole.end("answered")
            other.end()
        spans = {span.name: span for span in collector.spans}
    assert collector.paths == {"/v1/traces"}
    assert {resource["service.name"] for resource in collector.resources} == {"penumbra-edge"}
    assert {frozenset(resource) for resource in collector.resources} == {
        frozenset({"service.name", "service.version", "service.instance.id"})
    }
    assert {span.trace_id.hex() for span in spans.values()} == {GIVEN.split("-")[1]}
    edge = spans["edge"]
    assert edge.parent_span_id.hex() == GIVEN.split("-")[2]
    assert (edge.start_time_unix_nano, edge.end_time_unix_nano) == (1_000, 9_000)
    assert told(edge) == {"penumbra.camera": "front", "penumbra.outcome": "cloud-timeout"}
    assert (edge.status.code, edge.status.message) == (ERROR, "cloud-timeout")
    for name in ("wait", "analyze", "home", "foreign", "detect"):
        assert spans[name].parent_span_id == edge.span_id
    assert told(spans["wait"]) == {"penumbra.hits": 2}
    assert (spans["wait"].status.code, spans["detect"].status.code) == (OK, ERROR)
    assert [link.span_id for link in spans["home"].links] == [spans["analyze"].span_id]
    assert not spans["foreign"].links


async def test_ids_are_random_and_carry_one_flag_and_nothing_else() -> None:
    with collecting() as collector:
        async with tracing(TraceSettings(endpoint=collector.address), "camera") as traces:
            begun = [traces.begin("capture") for _ in range(50)]
            for span in begun:
                span.end()
    parents = [span.traceparent for span in begun]
    assert all(map(is_traceparent, parents))
    assert len({parent.split("-")[1] for parent in parents}) == 50
    assert not any(span.trace_state or span.parent_span_id for span in collector.spans)
    assert len(collector.spans) == 50


async def test_a_trace_that_another_node_did_not_keep_is_not_kept_here() -> None:
    with collecting() as collector:
        async with tracing(TraceSettings(endpoint=collector.address), "edge") as traces:
            span = traces.begin("edge", parent=NOT_KEPT)
            assert span.traceparent.endswith("-00")
            assert span.child("home").traceparent.endswith("-00")
            span.end()
            traces.begin("edge", parent=GIVEN).end()
        assert [span.name for span in collector.spans] == ["edge"]


async def test_the_ratio_decides_of_traces_that_begin_here() -> None:
    with collecting() as collector:
        async with tracing(TraceSettings(endpoint=collector.address, ratio=0.25), "camera") as traces:
            kept = [traces.begin("capture").traceparent.endswith("-01") for _ in range(2000)]
            traces.begin("capture", parent=GIVEN).end()
        assert 0.15 < sum(kept) / len(kept) < 0.35
        assert len(collector.spans) == 1


async def test_a_dead_collector_costs_spans_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lost = counted("unreachable")
    endpoint = f"http://{LOOPBACK}:{free_port()}"
    async with tracing(TraceSettings(endpoint=endpoint), "edge") as traces:
        for number in (1, 2):
            traces.begin("edge").end()
            await until(lambda least=lost + number: counted("unreachable") >= least, "a lost batch", WITHIN)
        traces.begin("edge").end()
    await until(lambda: counted("unreachable") == lost + 3, "the last span lost", WITHIN)
    said = "".join(capsys.readouterr())
    assert said.count("takes no spans") == 1
    assert "opentelemetry" not in said
    assert "Traceback" not in said


async def test_a_hanging_collector_fills_a_bounded_queue_and_is_left_behind() -> None:
    too_many = counted("overflow")
    with collecting(hangs=True) as collector:
        async with tracing(TraceSettings(endpoint=collector.address), "edge") as traces:
            for _ in range(2 * QUEUE):
                traces.begin("edge").end()
            # At most one batch has left the queue, for the collector that hangs.
            assert counted("overflow") - too_many >= QUEUE / 2
        assert collector.bodies == []
