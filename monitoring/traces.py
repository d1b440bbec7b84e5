"""Spans of a frame's way, or nothing: where no endpoint is set, OpenTelemetry is not even imported.

A span is begun under the `traceparent` that came with a message and gives the one that goes with the next.
What a span tells are fixed words and numbers; whoever names a camera in one is on the private side.
"""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Literal, final
from urllib.parse import SplitResult, urlsplit

import msgspec

from monitoring.errors import BadTraces
from monitoring.masking import mask_url

if TYPE_CHECKING:
    from monitoring.otlp import Begun, Pipe

Kind = Literal["internal", "producer", "consumer"]
Value = str | int | float | bool

OUTCOME: Final = "penumbra.outcome"


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a node's spans go.

    Attributes:
        endpoint: Base address of an OpenTelemetry collector that takes OTLP over HTTP; empty for none.
        ratio: Share of the traces that this node begins and keeps; one that another began is kept as that
            node decided.
    """

    endpoint: str = ""
    ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant.

        Raises:
            BadTraces: One cannot; the text says which, and what to write.
        """
        if self.endpoint:
            check_endpoint(self.endpoint)
        if not 0 < self.ratio <= 1:
            raise BadTraces(f"the ratio of traces is {self.ratio:g}, allowed is above 0 to 1.")


def check_endpoint(endpoint: str) -> None:
    """Raise `BadTraces` unless this is the address of a collector, without an account in it."""
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_address = SplitResult("", "", "", "", ""), False
    if not is_address or parts.query or parts.fragment or len(endpoint) > 500:
        raise BadTraces(
            f'"{mask_url(endpoint)[:200]}" is not the address of a trace collector. Write http://HOST:4318.'
        )
    if "@" in parts.netloc:
        raise BadTraces(
            "the address of the trace collector holds an account. Take it out, and set "
            "OTEL_EXPORTER_OTLP_HEADERS where the node runs."
        )


@final
class Span:
    """One part of a frame's way, or nothing; safe to end twice, the first end counts.

    Where a trace is not kept, its parts cost next to nothing: all are this one, and tell the next node so.

    Attributes:
        traceparent: What a message carries so that the next node goes on from here; empty for nothing.
    """

    __slots__ = ("_begun", "_open", "traceparent")

    def __init__(self, begun: "Begun | None" = None) -> None:
        self._begun = begun if begun is not None and begun.kept else None
        self._open = self._begun is not None
        self.traceparent = "" if begun is None else begun.traceparent

    def child(
        self, name: str, *, start_ns: int | None = None, kind: Kind = "internal", after: str = ""
    ) -> "Span":
        """Begin a part of this one, now or at a Unix time; `after` is another node's span that it follows."""
        if self._begun is None:
            return self
        return Span(self._begun.child(name, start_ns=start_ns, kind=kind, after=after))

    @contextlib.contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Make a part of this part out of what is done meanwhile; an error ends it as failed."""
        if self._begun is None:
            yield
            return
        part = self.child(name)
        try:
            yield
        except BaseException as error:
            part.end(type(error).__name__, failed=True)
            raise
        part.end()

    def past(self, name: str, start_ns: int, end_ns: int, **attributes: Value) -> None:
        """Add a part that is over already; times are Unix times in nanoseconds of this host."""
        if self._begun is None:
            return
        part = self.child(name, start_ns=start_ns)
        part.end("", failed=False, end_ns=max(start_ns, end_ns), **attributes)

    def end(
        self, outcome: str = "", *, failed: bool = False, end_ns: int | None = None, **attributes: Value
    ) -> None:
        """End it with what became of the frame: a fixed word, and whether that is a failure."""
        if self._begun is None or not self._open:
            return
        self._open = False
        told = {f"penumbra.{name}": value for name, value in attributes.items()}
        self._begun.end({**told, OUTCOME: outcome} if outcome else told, outcome, failed, end_ns)


NO_SPAN: Final = Span()


@final
class Traces:
    """Begins the spans of one node."""

    def __init__(self, pipe: "Pipe | None" = None) -> None:
        self._pipe = pipe

    def begin(
        self,
        name: str,
        *,
        parent: str = "",
        start_ns: int | None = None,
        kind: Kind = "internal",
        **attributes: Value,
    ) -> Span:
        """Begin this node's part of a trace: under `parent`, or a trace of its own where that is empty."""
        if self._pipe is None:
            return NO_SPAN
        told: Mapping[str, Value] = {f"penumbra.{key}": value for key, value in attributes.items()}
        return Span(self._pipe.begin(name, parent=parent, start_ns=start_ns, kind=kind, attributes=told))


NO_TRACES: Final = Traces()


@contextlib.asynccontextmanager
async def tracing(settings: TraceSettings, role: str, node: str = "") -> AsyncIterator[Traces]:
    """Send spans while the context lasts; leaving it sends what is left, within a bound.

    Args:
        settings: Where to; without an endpoint nothing is made or imported.
        role: `camera`, `edge` or `analyzer`: the service that the spans are of.
        node: The node's own name, where it has one.

    Raises:
        BadTraces: OpenTelemetry is not installed.
    """
    if not settings.endpoint:
        yield NO_TRACES
        return
    try:
        from monitoring.otlp import open_pipe  # noqa: PLC0415 - only where an endpoint is set
    except ImportError as error:
        raise BadTraces(
            "traces are asked for, but OpenTelemetry is not installed: "
            'pip install "penumbra[traces]", or take the endpoint out.'
        ) from error
    pipe = open_pipe(settings, role, node)
    try:
        yield Traces(pipe)
    finally:
        await pipe.close()
