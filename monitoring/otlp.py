"""Spans on their way to an OpenTelemetry collector: queued within a bound, sent apart from the frames' way.

Whatever is wrong with the collector costs spans, which are counted, and one log line; never a frame's time.
The only module that imports OpenTelemetry.
"""

import asyncio
import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Final, final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace import Span as AnySpan

from monitoring.logs import get_logger
from monitoring.masking import mask_url
from monitoring.metrics import SPANS
from monitoring.traces import Kind, TraceSettings, Value

QUEUE: Final = 4096
BATCH: Final = 512
DELAY_SECONDS: Final = 1.0
EXPORT_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 3.0
TRACES_PATH: Final = "/v1/traces"

_KINDS: Final[Mapping[Kind, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


def open_pipe(settings: TraceSettings, role: str, node: str = "") -> "Pipe":
    """Begin to send spans; nothing is sent, or looked for, before the first one ends."""
    # The library logs every batch that fails; `_Outlet` says it once.
    logger = logging.getLogger("opentelemetry")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    outlet = _Outlet(settings.endpoint)
    # What the library would find out by itself (host, process, command line) is nobody's business.
    named = {"service.instance.id": node} if node else {}
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.ratio)),
        resource=Resource(
            {"service.name": f"penumbra-{role}", "service.version": version("penumbra"), **named}
        ),
        id_generator=_Ids(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(_Bounded(outlet))
    return Pipe(provider, outlet)


@final
class Pipe:
    """Begins spans whose ends are sent."""

    def __init__(self, provider: TracerProvider, outlet: "_Outlet") -> None:
        self._provider = provider
        self._outlet = outlet
        self._tracer = provider.get_tracer("penumbra")

    def begin(
        self, name: str, *, parent: str, start_ns: int | None, kind: Kind, attributes: Mapping[str, Value]
    ) -> "Begun":
        """Begin a span under the `traceparent` of another node, or a new trace."""
        above = read_traceparent(parent)
        # An empty context, never the ambient one: only what a message says can be above a span.
        context = Context() if above is None else set_span_in_context(NonRecordingSpan(above), Context())
        begun = self._tracer.start_span(
            name, context, kind=_KINDS[kind], start_time=start_ns, attributes=attributes
        )
        return Begun(self._tracer, begun)

    async def close(self) -> None:
        """Send what is left, for at most a few seconds; a collector that hangs is left behind."""
        self._outlet.closing()
        # A thread of its own: the event loop's end would wait for one of the loop's.
        last = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, CLOSE_SECONDS)


@final
class Begun:
    """A span that has begun.

    Attributes:
        traceparent: Its ids, and whether the trace is kept.
        kept: Whether this node keeps it.
    """

    __slots__ = ("_span", "_tracer", "kept", "traceparent")

    def __init__(self, tracer: Tracer, span: AnySpan) -> None:
        self._tracer = tracer
        self._span = span
        self.kept = span.is_recording()
        self.traceparent = write_traceparent(span.get_span_context())

    def child(self, name: str, *, start_ns: int | None, kind: Kind, after: str) -> "Begun":
        """Begin a span below this one; `after` counts only if it is of this trace."""
        before = read_traceparent(after)
        here = self._span.get_span_context()
        links = [Link(before)] if before is not None and before.trace_id == here.trace_id else []
        context = set_span_in_context(self._span, Context())
        begun = self._tracer.start_span(name, context, kind=_KINDS[kind], start_time=start_ns, links=links)
        return Begun(self._tracer, begun)

    def end(self, told: Mapping[str, Value], outcome: str, failed: bool, end_ns: int | None) -> None:
        """End it and hand it over."""
        for name, value in told.items():
            self._span.set_attribute(name, value)
        self._span.set_status(Status(StatusCode.ERROR, outcome) if failed else Status(StatusCode.OK))
        self._span.end(end_ns)


def read_traceparent(value: str) -> SpanContext | None:
    """Read what a checked message carries; None where it carries none."""
    if not value:
        return None
    _, trace_id, span_id, flags = value.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))


def write_traceparent(context: SpanContext) -> str:
    """Write the ids and the one flag that says whether the trace is kept."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & TraceFlags.SAMPLED:02x}"


@final
class _Ids(IdGenerator):
    """Ids from the operating system's randomness: seen ids say nothing of others, or of anything else."""

    def generate_span_id(self) -> int:
        return secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        return secrets.randbits(128) or 1

    def is_trace_id_random(self) -> bool:
        return True


@final
class _Bounded(SpanProcessor):
    """Hands spans to the library's batches, but no more than its queue holds: the library drops uncounted."""

    def __init__(self, outlet: "_Outlet") -> None:
        self._outlet = outlet
        self._batches = BatchSpanProcessor(
            outlet,
            max_queue_size=QUEUE,
            schedule_delay_millis=DELAY_SECONDS * 1000,
            max_export_batch_size=BATCH,
        )

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        if not span.context.trace_flags.sampled:
            return
        if self._outlet.expects_one_more():
            self._batches.on_end(span)
        else:
            SPANS.labels("overflow").inc()

    def shutdown(self) -> None:
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._batches.force_flush(timeout_millis)


@final
class _Outlet(SpanExporter):
    """Sends batches, counts what became of them, and says when that changes."""

    def __init__(self, endpoint: str) -> None:
        self._shown = mask_url(endpoint)
        self._sender = OTLPSpanExporter(endpoint.rstrip("/") + TRACES_PATH, timeout=EXPORT_SECONDS)
        self._lock = threading.Lock()
        self._waiting = 0
        self._taken = True
        self._closing = False

    def expects_one_more(self) -> bool:
        """Take a place in the queue; false where there is none."""
        with self._lock:
            has_room = self._waiting < QUEUE
            self._waiting += has_room
            return has_room

    def closing(self) -> None:
        """Give up at once from now on where the collector did not take the last batch."""
        self._closing = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._lock:
            self._waiting -= len(spans)
        hopeless = self._closing and not self._taken
        result = SpanExportResult.FAILURE if hopeless else self._sender.export(spans)
        taken = result is SpanExportResult.SUCCESS
        SPANS.labels("exported" if taken else "unreachable").inc(len(spans))
        self._say(taken)
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._sender.force_flush(timeout_millis)

    def _say(self, taken: bool) -> None:
        before, self._taken = self._taken, taken
        if before and not taken:
            get_logger().warning(
                "the trace collector takes no spans: they are dropped", collector=self._shown
            )
        elif taken and not before:
            get_logger().info("the trace collector takes spans again", collector=self._shown)
