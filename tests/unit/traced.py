"""Traces that end in memory, for tests of what each span says."""

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from monitoring.otlp import Pipe
from monitoring.traces import Traces

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Traced:
    """What ended so far; `traces` is what a node is given."""

    def __init__(self) -> None:
        provider = TracerProvider(shutdown_on_exit=False)
        self._exporter = InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.traces = Traces(Pipe(provider, None))  # type: ignore[arg-type]

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def ends(self, name: str) -> list[tuple[str, bool]]:
        """How the spans of a name ended: with which outcome, and whether as failed."""
        return [
            (str((span.attributes or {}).get("penumbra.outcome", "")), not span.status.is_ok)
            for span in self.spans(name)
        ]
