"""What an edge node is told: one frozen value, checked when it is made, that holds no secret."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from broker.address import BrokerAddress
from broker.identity import is_name
from broker.plain_json import decode_plain, encode_plain
from feature_node.budget.settings import BudgetSettings
from feature_node.detector import WORKING_SIZE
from feature_node.distributed.settings import DistributedSettings
from feature_node.elsewhere.announced import announced_beside
from feature_node.elsewhere.settings import HomeAssistantSettings, WebhookSettings
from feature_node.errors import BadSettings
from feature_node.extractor import Regions
from feature_node.live.settings import LiveSettings
from feature_node.noise_settings import NoiseSettings
from feature_node.policy import Policy
from feature_node.shading import Shape, Style
from monitoring.traces import TraceSettings

CENTERFACE: Final = "centerface"
MAX_IN_FLIGHT: Final = 256


class EdgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An edge node.

    Attributes:
        site: Name of the house, shop or campus; part of every pseudonym.
        private: The broker of the side that sees pictures.
        cloud: The broker of the side that never does.
        key_file: The key of the pseudonyms; made if it is not there.
        node: This node's name.
        extractor: `bundle`, `distributed` (the same, spread over helpers) or `shade`.
        bundle: Its path; for `shade` optional: the picture bundle that analyzes the censored picture.
        regions: Overrides the bundle's own kind of region.
        detector: `centerface`, or the path of a YuNet ONNX file.
        detection_size: (width, height): the detector sees the picture fitted inside; never enlarged.
        threshold: A face's least score; None: 0.1 where faces are shaded, 0.5 where answered.
        dilate: Share of a face's width and height by which its shaded box goes out on each side.
        hold: How many detections a lost face stays covered for.
        hold_seconds: For how many seconds of capture time at least.
        detect_every: Look for faces at the latest every so many frames; between, only when a picture changes.
        shade: How faces are shaded.
        shade_shape: The shaded region's shape.
        quality: Of the censored JPEG, 1 to 100.
        distributed: How the extractor is spread over helpers, where it is.
        policy: What a bundle must prove before anything leaves.
        noise: Another amount of noise than the bundle's own; None: the bundle's.
        budget: What each camera may spend of its privacy, and when a value is drawn afresh.
        home_assistant: Home Assistant, where it is told of cameras and answers.
        webhook: Where else answers are posted.
        live: Where the live page is served; None: nowhere.
        in_flight: Unanswered features a camera.
        answer_timeout: Seconds after which an unanswered frame frees its place.
        queue: Waiting frames a replaying camera; over it they are left to be sent again.
        queue_bytes: Waiting frames of all cameras together, in bytes.
        max_cameras: Cameras this node takes.
        max_lag: Live frames older than these seconds are dropped; None: never.
        threads: Cores for the detector; 0 for as many as there are, at most 4.
        workers: Frames worked on at a time.
        metrics_address: HOST:PORT of /metrics, /healthz and /readyz; empty for none.
        traces: Where the spans of frames go; they name cameras, so it is a place of the private side.
        share_traces: Let the random id of a frame's trace cross, so that an analyzer's spans join it.
        log_format: For people or as JSON.
    """

    site: str
    private: BrokerAddress
    cloud: BrokerAddress
    key_file: Path
    node: str = "edge"
    extractor: Literal["bundle", "distributed", "shade"] = "bundle"
    bundle: Path | None = None
    regions: Regions | None = None
    detector: str = CENTERFACE
    detection_size: tuple[int, int] = WORKING_SIZE
    threshold: float | None = None
    dilate: float = 0.3
    hold: int = 3
    hold_seconds: float = 0.5
    detect_every: int = 1
    shade: Style = "solid"
    shade_shape: Shape = "box"
    quality: int = 90
    distributed: DistributedSettings = DistributedSettings()
    policy: Policy = Policy()
    noise: NoiseSettings | None = None
    budget: BudgetSettings = BudgetSettings()
    home_assistant: HomeAssistantSettings | None = None
    webhook: WebhookSettings | None = None
    live: LiveSettings | None = None
    in_flight: int = 8
    answer_timeout: float = 5.0
    queue: int = 32
    queue_bytes: int = 64 * 2**20
    max_cameras: int = 256
    max_lag: float | None = None
    threads: int = 0
    workers: int = 2
    metrics_address: str = "127.0.0.1:0"
    traces: TraceSettings = TraceSettings()
    share_traces: bool = False
    log_format: Literal["console", "json"] = "console"

    def __post_init__(self) -> None:
        """Refuse values out of bounds, naming the first."""
        for name, fits, allowed in self._rules():
            if not fits:
                raise BadSettings(f"edge.{name}: {getattr(self, name)!r} is not {allowed}")
        if self.extractor != "shade" and self.bundle is None:
            raise BadSettings("edge.bundle: names no bundle. Give one, or set edge.extractor to shade.")
        if self.extractor == "shade" and self.noise is not None:
            raise BadSettings(
                "edge.noise: a shaded picture gets none. Set edge.extractor to bundle, or take it out."
            )

    @property
    def sends_numbers_of(self) -> Path | None:
        """The bundle whose numbers leave; None where shaded pictures do."""
        return self.bundle if self.extractor != "shade" else None

    @property
    def ledger_file(self) -> Path:
        """What each camera has spent: beside the key, one for each node of the site."""
        return self.key_file.with_name(f"{self.key_file.stem}-{self.node}.ledger.json")

    @property
    def exposure_file(self) -> Path:
        """Beside it is noted which feature maps each helper has seen: next to the key, as the ledger is."""
        return self.key_file.with_name(f"{self.key_file.stem}-{self.node}")

    @property
    def announced_file(self) -> Path:
        """Beside it is noted which cameras Home Assistant was told of."""
        return announced_beside(self.key_file, self.node)

    def _rules(self) -> tuple[tuple[str, bool, str], ...]:
        size = self.detection_size
        return (
            ("site", 0 < len(self.site) <= 64, "a name of 1 to 64 characters"),
            ("node", is_name(self.node), "a name of lower-case letters, digits, - and _"),
            ("detection_size", min(size) >= 32 and max(size) <= 4096, "a size of 32 to 4096 pixels a side"),
            ("threshold", self.threshold is None or 0 < self.threshold < 1, "between 0 and 1"),
            ("dilate", 0 <= self.dilate <= 4, "between 0 and 4"),
            ("hold", 0 <= self.hold <= 1000, "between 0 and 1000 detections"),
            ("hold_seconds", 0 <= self.hold_seconds <= 60, "between 0 and 60 seconds"),
            ("detect_every", 1 <= self.detect_every <= 1000, "between 1 and 1000 frames"),
            ("quality", 1 <= self.quality <= 100, "between 1 and 100"),
            ("in_flight", 1 <= self.in_flight <= MAX_IN_FLIGHT, f"between 1 and {MAX_IN_FLIGHT}"),
            ("answer_timeout", 0 < self.answer_timeout <= 600, "above 0 and at most 600 seconds"),
            ("queue", 1 <= self.queue <= 1024, "between 1 and 1024 frames"),
            ("queue_bytes", self.queue_bytes >= 2**20, "at least 1 MiB"),
            ("max_cameras", 1 <= self.max_cameras <= 4096, "between 1 and 4096"),
            ("max_lag", self.max_lag is None or self.max_lag > 0, "above 0 seconds"),
            ("threads", 0 <= self.threads <= 64, "between 0 and 64"),
            ("workers", 1 <= self.workers <= 64, "between 1 and 64"),
        )


def encode_settings(settings: EdgeSettings) -> bytes:
    """Write the settings as the JSON that a node reads from its standard input."""
    return encode_plain(settings)


def decode_settings(data: bytes) -> EdgeSettings:
    """Read what `encode_settings` wrote.

    Raises:
        BadSettings: It is not that, or a value is out of bounds.
    """
    try:
        return decode_plain(data, EdgeSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"the settings cannot be read: {error}") from error
