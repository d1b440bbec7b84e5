"""What is said to Home Assistant and what it says: a device, a camera's newest answer, that it is there.

Formats are Home Assistant's own (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery): JSON for
devices and states, and bare words for its birth and last will.
"""

from typing import Any, Final

import msgspec

from broker.bounds import MAX_HOME_BYTES, MAX_HOME_LABELS, MAX_LABEL
from broker.codec import json_codec
from broker.errors import BadMessage
from broker.identity import is_name

SCHEMA: Final = 1
_ONLINE: Final = b"online"
_OFFLINE: Final = b"offline"


class HomeState(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's newest answer, small enough to be kept and read once a second.

    Attributes:
        camera: The camera's name.
        answer: The label of the surest region; `nothing` where nothing was seen, null where it was held back.
        confidence: Its score from 0 to 1; null where there is no region.
        regions: How many regions (faces, say) were seen.
        labels: How many regions have each label.
        reason: Why it was held back; empty where it was answered.
        task: The question that is answered.
        captured_ns: When the frame was captured, Unix time in nanoseconds.
        schema: The schema version.
    """

    camera: str
    answer: str | None
    confidence: float | None
    regions: int = 0
    labels: dict[str, int] = {}
    reason: str = ""
    task: str = ""
    captured_ns: int = 0
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.camera) or len(self.labels) > MAX_HOME_LABELS:
            raise ValueError("camera is not a name, or labels are too many")
        if len(self.answer or "") > MAX_LABEL or self.regions < 0:
            raise ValueError("answer is too long, or regions are negative")


class NoState(msgspec.Struct, frozen=True):
    """The camera is gone, and its newest answer shall be kept no longer."""

    camera: str

    def __post_init__(self) -> None:
        """Refuse what is no name."""
        if not is_name(self.camera):
            raise ValueError("camera is not a name")


_encode_home_state, decode_home_state = json_codec(HomeState, version=SCHEMA, max_bytes=MAX_HOME_BYTES)


def encode_home_state(message: HomeState | NoState) -> bytes:
    """Write the JSON; nothing at all is how a broker is told to keep nothing."""
    return b"" if isinstance(message, NoState) else _encode_home_state(message)


class Discovery(msgspec.Struct, frozen=True):
    """A device as Home Assistant shall know it.

    Attributes:
        device: Its id, the part of the topic before `/config`.
        config: What it consists of; None takes it away.
    """

    device: str
    config: dict[str, Any] | None

    def __post_init__(self) -> None:
        """Refuse an id that Home Assistant would not read: it takes letters, digits, `_` and `-`."""
        if not self.device.replace("-", "").replace("_", "").isalnum() or not self.device.isascii():
            raise ValueError("device is not an id")


def encode_discovery(message: Discovery) -> bytes:
    """Write the device's JSON; nothing at all is how Home Assistant is told to forget it."""
    return b"" if message.config is None else msgspec.json.encode(message.config)


def decode_discovery(data: bytes) -> Discovery:
    """Read a device; raises `BadMessage` where it names no identifier, as a removal does not."""
    _check_size(data)
    try:
        config = msgspec.json.decode(data, type=dict[str, Any])
        return Discovery(str(config["dev"]["identifiers"][0]), config)
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError):
        raise BadMessage("malformed", "not a device of ours") from None


class Birth(msgspec.Struct, frozen=True):
    """Whether Home Assistant is there."""

    online: bool


def encode_birth(message: Birth) -> bytes:
    """Write the word that Home Assistant says by default."""
    return _ONLINE if message.online else _OFFLINE


def decode_birth(data: bytes) -> Birth:
    """Read the word; raises `BadMessage` for any other."""
    _check_size(data)
    if data not in (_ONLINE, _OFFLINE):
        raise BadMessage("malformed", "neither online nor offline")
    return Birth(online=data == _ONLINE)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_HOME_BYTES:
        raise BadMessage("too-large", f"{len(data)} bytes, at most {MAX_HOME_BYTES} are read")
