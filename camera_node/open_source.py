"""Opens the source that a camera's settings name."""

import os
from urllib.parse import quote, urlsplit, urlunsplit

from camera_node.capture_wire import Order
from camera_node.captured_source import CapturedSource
from camera_node.errors import BadOption, BadSource
from camera_node.settings import CameraSpec
from camera_node.source import Source
from monitoring.masking import mask_url


def open_source(spec: CameraSpec) -> Source:
    """Make the source of a camera; `async with` opens it.

    Raises:
        BadSource: The value names nothing we can read.
        BadOption: Its password is not where the settings say.
    """
    return CapturedSource(
        Order(
            source=_with_password(spec),
            kind=spec.kind,
            fps=spec.fps,
            size=spec.size,
            quality=spec.quality,
            loop=spec.loop,
            zones=spec.privacy_zones,
            open_timeout=spec.open_timeout,
            read_timeout=spec.read_timeout,
        )
    )


def _with_password(spec: CameraSpec) -> str:
    password = _password(spec)
    if password is None:
        return spec.source
    parts = urlsplit(spec.source)
    if spec.kind not in ("rtsp", "http") or not parts.username or parts.password is not None:
        raise BadSource(
            f"camera {spec.name}: a password is kept for {mask_url(spec.source)}, which must then be "
            "a URL with a user and no password, for example rtsp://user@192.0.2.7/stream"
        )
    account, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{account}:{quote(password, safe='')}@{place}"))


def _password(spec: CameraSpec) -> str | None:
    if spec.password_file is not None:
        try:
            return spec.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadOption(
                f"camera {spec.name}: the password file {spec.password_file} cannot be read: {error}"
            ) from error
    if spec.password_env is not None:
        if spec.password_env not in os.environ:
            raise BadOption(f"camera {spec.name}: the environment variable {spec.password_env} is not set.")
        return os.environ[spec.password_env]
    return None
