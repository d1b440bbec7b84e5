"""Reads the secrets of a webhook from their files: once, bounded, and never into a message."""

from pathlib import Path
from typing import Final

from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_request import Secrets
from feature_node.errors import BadSettings

MAX_BYTES: Final = 8192


def read_secrets(settings: WebhookSettings) -> Secrets:
    """The token and the key that the settings name.

    Raises:
        BadSettings: A file cannot be read, is empty, or holds no one line of text.
    """
    token = _read("token_file", settings.token_file)
    return Secrets(token=token, key=_read("secret_file", settings.secret_file).encode())


def _read(name: str, path: Path | None) -> str:
    if path is None:
        return ""
    where = f"edge.webhook.{name}: {path}"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadSettings(
            f"{where} cannot be read: {error.strerror}. Name a file with the secret."
        ) from error
    try:
        text = data.decode("ascii").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or not text.isprintable() or len(data) > MAX_BYTES:
        raise BadSettings(f"{where} holds no secret. Write it there, on one line of plain letters.")
    return text
