"""What a `source` value means: decided by its look, the same for the command line and the pipeline file."""

import re
from pathlib import Path
from typing import Final, Literal

from camera_node.errors import BadSource
from monitoring.masking import mask_source

Kind = Literal["file", "folder", "rtsp", "http", "device", "demo"]

LIVE: Final[frozenset[Kind]] = frozenset({"rtsp", "http", "device", "demo"})
CAN_FREEZE: Final[frozenset[Kind]] = frozenset({"rtsp", "http", "device"})
ALLOWED: Final = (
    "Write the path of a video file or a folder of images, rtsp://HOST/PATH, http://HOST/PATH (MJPEG), "
    "a device number or /dev/videoN, or demo:"
)

_SCHEMES: Final[dict[str, Kind]] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
_DEVICE: Final = re.compile(r"\d{1,3}|/dev/video\d{1,3}")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


def kind_of(value: str) -> Kind:
    """Say what kind of source a value names, without opening it.

    Raises:
        BadSource: It is empty, or a URL of a scheme that is not read.
    """
    if not value.strip() or "\0" in value or len(value) > 4096:
        raise BadSource(f'"{mask_source(value)}" is not a source. {ALLOWED}')
    if value in ("demo:", "demo"):
        return "demo"
    if _DEVICE.fullmatch(value):
        return "device"
    if url := _URL.fullmatch(value):
        return _kind_of_url(value, url.group(1).lower(), url.group(2))
    if value.startswith("demo:"):
        raise BadSource(f'"{mask_source(value)}" is not a source: there is one demo, write demo:')
    return "folder" if Path(value).is_dir() else "file"


def device_path(value: str) -> Path:
    """Name the device file of a device number or path."""
    return Path(value if value.startswith("/") else f"/dev/video{int(value)}")


def _kind_of_url(value: str, scheme: str, rest: str) -> Kind:
    kind = _SCHEMES.get(scheme)
    if kind is None:
        raise BadSource(f'"{mask_source(value)}": {scheme}:// is not read. {ALLOWED}')
    if not rest.rpartition("@")[2].split("/")[0]:
        raise BadSource(f'"{mask_source(value)}" names no host. {ALLOWED}')
    return kind
