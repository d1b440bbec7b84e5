"""The topics of the cloud broker. Nothing here can name a frame or a camera."""

from typing import Final, NoReturn

from broker.bounds import MAX_FEATURES_BYTES, MAX_JSON_BYTES, MAX_RESULT_BYTES
from broker.features import Features, decode_features
from broker.gate import Sealed
from broker.results import Result, decode_result, encode_result
from broker.status import NodeStatus, decode_node_status, encode_node_status
from broker.topic import Cloud, Grant, Role, Topic


def _wire(sealed: Sealed) -> bytes:
    if type(sealed) is not Sealed:
        _refuse(sealed)
    return sealed.wire


def _refuse(value: object) -> NoReturn:
    raise TypeError(
        f"only what the release gate has sealed crosses to the cloud, not a {type(value).__name__}"
    )


FEATURES: Final = Topic(
    pattern="penumbra/features/{id}",
    side=Cloud,
    written=Sealed,
    read=Features,
    id_written=lambda sealed: sealed.stream,
    id_read=lambda features: features.stream,
    encode=_wire,
    decode=decode_features,
    max_bytes=MAX_FEATURES_BYTES,
    retain=False,
    rate="every frame",
    writers=(Grant(Role.EDGE, "any"),),
    readers=(Grant(Role.ANALYZER, "any"),),
    purpose="sanitized features, from the edge to the analyzers",
)

RESULTS: Final = Topic(
    pattern="penumbra/results/{id}",
    side=Cloud,
    written=Result,
    read=Result,
    id_written=lambda result: result.stream,
    id_read=lambda result: result.stream,
    encode=encode_result,
    decode=decode_result,
    max_bytes=MAX_RESULT_BYTES,
    retain=False,
    rate="every frame",
    writers=(Grant(Role.ANALYZER, "any"),),
    readers=(Grant(Role.EDGE, "any"),),
    purpose="answers, from the analyzers to the edge",
)

ANALYZER_STATUS: Final = Topic(
    pattern="penumbra/status/{id}",
    side=Cloud,
    written=NodeStatus,
    read=NodeStatus,
    id_written=lambda status: status.node,
    id_read=lambda status: status.node,
    encode=encode_node_status,
    decode=decode_node_status,
    max_bytes=MAX_JSON_BYTES,
    retain=True,
    rate="on change, and every 2 s",
    writers=(Grant(Role.ANALYZER, "own"),),
    readers=(Grant(Role.VIEWER, "any"),),
    purpose="how each analyzer is; `offline` by last will",
)

CLOUD_TOPICS: Final = (FEATURES, RESULTS, ANALYZER_STATUS)
