"""Status messages: retained JSON that says how a camera or a node is; the last will says `offline`."""

from typing import Final, Literal

import msgspec

from broker.bounds import MAX_DETAIL, MAX_JSON_BYTES
from broker.codec import json_codec
from broker.identity import is_name

SCHEMA: Final = 1

CameraState = Literal[
    "not_started", "connecting", "running", "stalled", "frozen", "ended", "failed", "offline"
]
NodeState = Literal["starting", "online", "degraded", "refusing", "offline"]
NodeRole = Literal["edge", "analyzer"]


class CameraStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How a camera is.

    Attributes:
        camera: The camera's name.
        state: Where it stands.
        detail: Why, in words for a person; never a credential.
        source: What kind of source it is: `file`, `rtsp`, `demo`, …; never the address.
        run: The current run, 0 before the first.
        fps: Pictures a second over the last seconds.
        frames_read: Pictures read in this run.
        frames_sent: Pictures that the broker took in this run.
        dropped: Pictures dropped in this run, by reason.
        since_ns: When this state began, Unix time in nanoseconds.
        schema: The schema version.
    """

    camera: str
    state: CameraState
    detail: str = ""
    source: str = ""
    run: int = 0
    fps: float = 0.0
    frames_read: int = 0
    frames_sent: int = 0
    dropped: dict[str, int] = {}
    since_ns: int = 0
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.camera) or len(self.detail) > MAX_DETAIL:
            raise ValueError("camera is not a name, or detail is too long")


class BudgetWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera has spent of its privacy budget in one window of time.

    Attributes:
        spent: Sum of epsilon_joint of all that was released.
        limit: The largest sum that is allowed; None where it is only counted.
        delta: Sum of the probabilities with which the loss may be larger.
        until_ns: When the window ends and the budget is whole again, Unix time in nanoseconds.
    """

    spent: float
    limit: float | None = None
    delta: float = 0.0
    until_ns: int = 0


class HelperShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one helper of a distributed extractor holds and does.

    Attributes:
        working: Whether it is given work now.
        maps: Feature maps that it holds, over all layers.
        seen: Different feature maps that it ever received, over all layers.
        sent_bytes: Bytes of weights and maps sent to it.
        received_bytes: Bytes of partial outputs received from it.
        milliseconds: How long its last piece of work took, there and back.
        ssim: How similar to the picture it could rebuild it from all of a layer that it ever received, by the
            measured table: the upper end, of the layer that tells most. None where nothing was measured.
    """

    working: bool
    maps: int
    seen: int
    sent_bytes: int
    received_bytes: int
    milliseconds: float
    ssim: float | None = None


class LayerShare(msgspec.Struct, frozen=True, kw_only=True):
    """How one layer's feature maps are spread.

    Attributes:
        layer: Its name.
        maps: How many it takes.
        holders: How many helpers hold some.
        most_seen: The most different ones that one helper ever received.
        cap: The most that one helper may ever receive.
        ssim: What the helper that saw most could rebuild from it, by the table; None where it has no rows.
    """

    layer: str
    maps: int
    holders: int
    most_seen: int
    cap: int
    ssim: float | None = None


class PlacementStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a distributed extractor, and the privacy that it meets.

    Attributes:
        max_ssim: How similar to the picture a helper's best reconstruction may be, by the measured table.
        colluding: So many helpers together stay under it.
        solver: Who planned.
        expected_ms: What the planner expects one picture to take.
        messages_ms: Of that, what messages cost besides their bytes, as the edge measured it.
        kept: Layers that could have been handed out and that the edge keeps, for privacy.
        helpers: By name.
        layers: In order.
    """

    max_ssim: float
    colluding: int
    solver: str
    expected_ms: float
    kept: int
    helpers: dict[str, HelperShare]
    layers: tuple[LayerShare, ...]
    messages_ms: float = 0.0


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an edge or an analyzer is.

    Attributes:
        node: The node's name.
        role: What it does.
        state: `refusing` where a gate or a policy holds everything back, `degraded` where a helper (the
            cache, the far broker) is away and work goes on.
        detail: Why, in words for a person; never a credential.
        version: Penumbra's version.
        bundle: Ids of the bundles in use.
        dropped: What it dropped since it started, by camera (empty name: of no camera) and reason.
        budget: What each camera has spent, by `minute`, `hour` and `day`; empty where nothing is counted.
        placement: Who holds which feature maps, where the extractor is spread over helpers.
        since_ns: When this state began, Unix time in nanoseconds.
        schema: The schema version.
    """

    node: str
    role: NodeRole
    state: NodeState
    detail: str = ""
    version: str = ""
    bundle: tuple[str, ...] = ()
    dropped: dict[str, dict[str, int]] = {}
    budget: dict[str, dict[str, BudgetWindow]] = {}
    placement: PlacementStatus | None = None
    since_ns: int = 0
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.node) or len(self.detail) > MAX_DETAIL:
            raise ValueError("node is not a name, or detail is too long")


encode_camera_status, decode_camera_status = json_codec(
    CameraStatus, version=SCHEMA, max_bytes=MAX_JSON_BYTES
)
encode_node_status, decode_node_status = json_codec(NodeStatus, version=SCHEMA, max_bytes=MAX_JSON_BYTES)
