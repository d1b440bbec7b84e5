"""What a camera node is told: one frozen value, checked when it is made, that holds no broker secret."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from broker.address import BrokerAddress
from broker.bounds import MAX_PIXELS, MAX_SIDE
from broker.identity import check_name
from broker.plain_json import decode_plain, encode_plain
from camera_node.errors import BadOption
from camera_node.source_kind import LIVE, Kind, kind_of
from camera_node.zones import Zone, check_zone
from monitoring.masking import mask_source, mask_text
from monitoring.traces import TraceSettings

Pace = Literal["fast", "realtime"]

MAX_CAMERAS: Final = 64
MAX_WINDOW: Final = 256
MAX_FPS: Final = 1000.0


class CameraSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera.

    Attributes:
        name: Its name.
        source: A file, a folder, a URL, a device or `demo:`; may hold an account, is never shown with it.
        fps: At most so many pictures a second (of the medium's time for a file); None for all.
        size: (width, height): pictures are made to fit inside, keeping their shape; never enlarged.
        quality: Of the JPEG, 1 to 100.
        loop: Start a file or folder again at its end, for ever.
        pace: Whether a file plays as fast as its answers come, or by its own timestamps.
        privacy_zones: Polygons of (x, y) in pixels of the source's picture, blacked out at the source.
        max_lag: A live picture older than these seconds when its turn comes is dropped; None for never.
        window: How many frames of a file may wait for their answers at a time.
        resend_after: Seconds without an answer after which a file's frame is sent again (then backs off).
        give_up: Seconds after which a file's unanswered frame is given up; None for never.
        open_timeout: Seconds that opening may take.
        read_timeout: Seconds that one picture may take before the capture is stopped.
        stall_after: Seconds without a picture after which a live source counts as stalled.
        frozen_after: Seconds of unchanging pictures after which a live source counts as frozen; None: never.
        password_file: A file with the password of the source's URL.
        password_env: Or the name of an environment variable that holds it.
        broker: This camera's own broker account; None for the node's.
    """

    name: str
    source: str
    fps: float | None = None
    size: tuple[int, int] | None = None
    quality: int = 90
    loop: bool = False
    pace: Pace = "fast"
    privacy_zones: tuple[Zone, ...] = ()
    max_lag: float | None = None
    window: int = 8
    resend_after: float = 3.0
    give_up: float | None = None
    open_timeout: float = 10.0
    read_timeout: float = 10.0
    stall_after: float = 3.0
    frozen_after: float | None = 60.0
    password_file: Path | None = None
    password_env: str | None = None
    broker: BrokerAddress | None = None

    def __repr__(self) -> str:
        return f"CameraSpec(name={self.name!r}, source={mask_source(self.source)!r})"

    @property
    def kind(self) -> Kind:
        """What kind of source it is."""
        return kind_of(self.source)

    @property
    def live(self) -> bool:
        """Whether only the newest picture matters."""
        return self.kind in LIVE

    def __post_init__(self) -> None:
        """Refuse values that cannot be meant.

        Raises:
            BadOption: One cannot; the text names it, its value and what is allowed.
            BadName: The name may not stand in a topic.
            BadSource: The source names nothing we can read.
        """
        check_name("camera", self.name)
        kind_of(self.source)
        _within("fps", self.fps, 0.01, MAX_FPS)
        _within("quality", self.quality, 1, 100)
        _within("window", self.window, 1, MAX_WINDOW)
        _within("max_lag", self.max_lag, 0.01, 3600)
        _within("give_up", self.give_up, 0.1, 86400 * 365)
        for option in ("resend_after", "open_timeout", "read_timeout", "stall_after", "frozen_after"):
            _within(option, getattr(self, option), 0.1, 3600)
        if self.size is not None:
            _check_size(*self.size)
        for zone in self.privacy_zones:
            check_zone(zone)


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A camera node: any number of cameras in one process.

    Attributes:
        cameras: The cameras.
        broker: The private broker, for every camera that names no own account.
        metrics_address: Where `/metrics`, `/healthz` and `/readyz` are served; port 0 takes a free one,
            an empty text turns them off.
        traces: Where the spans of its frames go.
        log_format: For people or for machines.
    """

    cameras: tuple[CameraSpec, ...]
    broker: BrokerAddress | None = None
    metrics_address: str = "127.0.0.1:0"
    traces: TraceSettings = TraceSettings()
    log_format: Literal["console", "json"] = "console"

    def __post_init__(self) -> None:
        """Refuse a node without cameras, with two of one name, or with one that has no broker.

        Raises:
            BadOption: It is such a one.
        """
        if not 1 <= len(self.cameras) <= MAX_CAMERAS:
            raise BadOption(f"{len(self.cameras)} cameras: a camera node runs 1 to {MAX_CAMERAS}.")
        names = [camera.name for camera in self.cameras]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise BadOption(f'two cameras are named "{twice}". Give each its own name.')
        if lost := next((c.name for c in self.cameras if c.broker is None and self.broker is None), None):
            raise BadOption(f'camera "{lost}" has no broker. Name one for it or for the node.')


def decode_settings(data: bytes) -> CameraSettings:
    """Read settings from JSON.

    Raises:
        BadOption: It is not JSON, or a field is missing, unknown or not allowed; the text names it.
        BadName: A camera's name may not stand in a topic.
    """
    try:
        return decode_plain(data, CameraSettings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadOption(f"the camera node's settings cannot be read: {mask_text(str(error))}") from None


def encode_settings(settings: CameraSettings) -> bytes:
    """Write settings as the JSON that `decode_settings` reads; it may hold the account of a source's URL."""
    return encode_plain(settings)


def _within(option: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise BadOption(f"{option} is {value}, allowed is {low} to {high}.")


def _check_size(width: int, height: int) -> None:
    if not (16 <= width <= MAX_SIDE and 16 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadOption(
            f"size is {width}x{height}, allowed is 16x16 to {MAX_SIDE} a side "
            f"and {MAX_PIXELS // 1_000_000} million pixels, for example 1280x720."
        )
