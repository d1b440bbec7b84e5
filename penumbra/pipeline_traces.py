"""How a pipeline file says where spans go: each side to a place of its own, and what of them crosses."""

from typing import Annotated, Any, final

from pydantic import BeforeValidator

from monitoring.errors import BadTraces
from monitoring.traces import check_endpoint
from penumbra.masking import has_password
from penumbra.pipeline_entry import Entry
from penumbra.pipeline_values import Switch, number

_NONE = "is not the address of a trace collector. Write http://HOST:4318."


def _read_endpoint(value: Any) -> str:
    if isinstance(value, str) and has_password(value):
        raise ValueError(
            "holds a password. Take it out, and set OTEL_EXPORTER_OTLP_HEADERS where the node runs."
        )
    if not isinstance(value, str):
        raise ValueError(_NONE)
    try:
        check_endpoint(value.strip())
    except BadTraces:
        raise ValueError(_NONE) from None
    return value.strip()


def _short(value: Any) -> Any:
    return {"endpoint": value} if isinstance(value, str) else value


Endpoint = Annotated[str, BeforeValidator(_read_endpoint)]
Ratio = Annotated[float, number(0.0001, 1, "a share of the traces")]


@final
class PrivateTracesEntry(Entry):
    """Where cameras and edge send their spans, which name cameras.

    Attributes:
        endpoint: The collector's base address, OTLP over HTTP.
        ratio: Share of the frames that are traced.
        share: Whether the random id of a frame's trace crosses, so that the analyzers' spans join it.
    """

    endpoint: Endpoint
    ratio: Ratio = 1.0
    share: Switch = False


@final
class CloudTracesEntry(Entry):
    """Where analyzers send their spans, which name nothing of the private side.

    Attributes:
        endpoint: The collector's base address, OTLP over HTTP.
        ratio: Share of the messages that are traced where no trace came with them.
    """

    endpoint: Endpoint
    ratio: Ratio = 1.0


PrivateTraces = Annotated[PrivateTracesEntry, BeforeValidator(_short)]
CloudTraces = Annotated[CloudTracesEntry, BeforeValidator(_short)]
