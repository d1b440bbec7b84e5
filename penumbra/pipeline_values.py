"""The scalars a pipeline file is made of: each is read strictly, and refused with what would be allowed.

Every reader raises `ValueError` with the second half of a sentence; `penumbra.pipeline_problems` puts the
file, the key and the value in front of it: `"1280by720" is not a size. Write WIDTHxHEIGHT, …`
"""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

MAX_SIDE = 16384

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SIZE = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})")
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

Size = tuple[int, int]
Polygon = tuple[tuple[int, int], ...]


def read_name(value: Any) -> str:
    """A name that can stand in a topic: lower-case letters, digits, `-` and `_`, at most 63."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise ValueError(
        "is not a name. Use lower-case letters, digits, - and _, at most 63, for example front-door."
    )


def read_text(value: Any) -> str:
    """Text that is not empty and stays on one line."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value.strip()
    raise ValueError("is not text on one line. Write a word, in quotes if it looks like a number.")


def read_source(value: Any, info: ValidationInfo) -> str:
    """Where pictures come from; a number is a camera device. Whether it opens is found out later."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if isinstance(value, str) and value.strip() and value.isprintable():
        text = "demo:" if value.strip() == "demo" else value.strip()
        is_path = not text.isdigit() and not _SCHEME.match(text)
        return str(_from_folder(text, info)) if is_path else text
    raise ValueError(
        "is not a source. Write a video file, a folder of images, an rtsp:// or http:// address, "
        "a device (0 or /dev/video0), or demo:."
    )


def read_size(value: Any) -> Size:
    """Width and height in pixels, written WIDTHxHEIGHT."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a size. Write WIDTHxHEIGHT, for example 1280x720.")
    width, height = int(match[1]), int(match[2])
    if max(width, height) > MAX_SIDE:
        raise ValueError(f"is too large a size. Neither side may exceed {MAX_SIDE} pixels.")
    return width, height


def read_seconds(value: Any) -> float:
    """A length of time in seconds: a number, or a number with ms, s, m, h or d."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match[1]) == 0:
        raise ValueError("is not a length of time. Write seconds, or a unit: 500ms, 2s, 5m, 1h.")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]]).total_seconds()


def read_pause(value: Any) -> float:
    """A length of time in seconds, as `read_seconds`, or none: 0."""
    return 0.0 if value == 0 and not isinstance(value, bool) else read_seconds(value)


def read_polygon(value: Any) -> Polygon:
    """At least three corners [x, y] in whole pixels of the picture that is sent."""
    if isinstance(value, list) and 3 <= len(value) <= 64 and all(_is_corner(corner) for corner in value):
        return tuple((corner[0], corner[1]) for corner in value)
    raise ValueError(
        "is not a zone. Write three or more corners in pixels, for example [[0, 0], [200, 0], [200, 480]]."
    )


def read_switch(value: Any) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise ValueError("is not a switch. Write true or false.")


def read_path(value: Any, info: ValidationInfo) -> Path:
    """A path, from the folder of the pipeline file; the home folder may be written ~."""
    if isinstance(value, str) and value.strip() and value.isprintable():
        return _from_folder(value.strip(), info)
    raise ValueError("is not a path. Write the name of a file.")


def read_file_or_name(value: Any, info: ValidationInfo) -> str:
    """A plain name, or a path, which is recognised by a slash or an ending."""
    text = read_text(value)
    return str(_from_folder(text, info)) if "/" in text or Path(text).suffix else text


def read_environment_name(value: Any) -> str:
    """The name of an environment variable."""
    if isinstance(value, str) and _ENVIRONMENT.fullmatch(value):
        return value
    raise ValueError("is not the name of an environment variable. Use letters, digits and _.")


def number(low: float, high: float, what: str) -> BeforeValidator:
    """A validator for a number between two bounds; `what` completes "is not ..."."""

    def read(value: Any) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise ValueError(f"is not {what}. Write a number from {low:g} to {high:g}.")

    return BeforeValidator(read)


def whole(low: int, high: int, what: str) -> BeforeValidator:
    """A validator for a whole number between two bounds; `what` completes "is not ..."."""

    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise ValueError(f"is not {what}. Write a whole number from {low} to {high}.")

    return BeforeValidator(read)


def one_of(*allowed: str) -> BeforeValidator:
    """A validator for one word out of a few."""
    listed = ", ".join(allowed[:-1]) + (" or " if len(allowed) > 1 else "") + allowed[-1]

    def read(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        raise ValueError(f"is not one of these. Write {listed}.")

    return BeforeValidator(read)


def _from_folder(text: str, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder", Path())
    path = Path(text).expanduser()
    return path if path.is_absolute() else Path(folder) / path


def _is_corner(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MAX_SIDE for n in value)
    )


def _reader(read: Callable[..., Any]) -> BeforeValidator:
    return BeforeValidator(read)


def read_rate(value: Any) -> float:
    """A data rate as a file of devices writes it, in bytes a second."""
    from feature_node.errors import BadDevices  # noqa: PLC0415 - quick --help
    from feature_node.placement.devices import read_quantity  # noqa: PLC0415

    try:
        return read_quantity("rate", value, "rate")
    except BadDevices:
        raise ValueError("is not a data rate. Write for example 72.2 Mb/s.") from None


NameText = Annotated[str, _reader(read_name)]
PlainText = Annotated[str, _reader(read_text)]
SourceText = Annotated[str, _reader(read_source)]
PictureSize = Annotated[Size, _reader(read_size)]
Seconds = Annotated[float, _reader(read_seconds)]
Pause = Annotated[float, _reader(read_pause)]
Zone = Annotated[Polygon, _reader(read_polygon)]
Switch = Annotated[bool, _reader(read_switch)]
FilePath = Annotated[Path, _reader(read_path)]
FileOrName = Annotated[str, _reader(read_file_or_name)]
DataRate = Annotated[float, _reader(read_rate)]
EnvironmentName = Annotated[str, _reader(read_environment_name)]
