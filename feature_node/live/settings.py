"""Where the live page is served, and the token that it asks for where others can reach it."""

import os
from pathlib import Path
from typing import Final

import msgspec

from feature_node.errors import BadSettings
from monitoring.errors import PageRefused
from monitoring.live.address import SHORTEST_TOKEN, parse_address

LISTEN: Final = "127.0.0.1:8800"
_MOST_BYTES: Final = 4096


class LiveSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A live page; holds no secret.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        token_file: A file with the token that people show.
        token_env: Or the name of an environment variable that holds it.
    """

    listen: str = LISTEN
    token_file: Path | None = None
    token_env: str | None = None

    def __post_init__(self) -> None:
        """Refuse an address that others can reach, and no token named."""
        named = self.token_file is not None or self.token_env is not None
        try:
            parse_address(self.listen, "-" * SHORTEST_TOKEN if named else "")
        except PageRefused as error:
            raise BadSettings(f"edge.live: {error}") from error

    def token(self) -> str:
        """Read the token; empty where none is named.

        Raises:
            BadSettings: It is named and not there.
        """
        if self.token_file is not None:
            return _read(self.token_file)
        if self.token_env is None:
            return ""
        token = os.environ.get(self.token_env, "").strip()
        if not token:
            raise BadSettings(
                f"edge.live.token_env: the environment variable {self.token_env} is not set. "
                "Set it to the token, or name a token_file."
            )
        return token


def _read(path: Path) -> str:
    where = f"edge.live.token_file: {path}"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        token = data.decode("ascii").strip()
    except OSError as error:
        raise BadSettings(f"{where} cannot be read: {error.strerror}. Name a file with the token.") from error
    except UnicodeDecodeError:
        token = ""
    if not token or not token.isprintable() or len(data) > _MOST_BYTES:
        raise BadSettings(f"{where} holds no token. Write it there, on one line of plain letters.")
    return token
