"""The key of the pseudonyms: made once, kept where only its owner reads it."""

import os
import secrets
import stat
from pathlib import Path

from broker.identity import PSEUDONYM_KEY_BYTES
from feature_node.errors import BadSettings


def load_key(path: Path) -> bytes:
    """Read the key, or make one that only this user can read where there is none.

    Raises:
        BadSettings: The file cannot be used, or others may read it.
    """
    try:
        _make(path)
        mode = path.stat().st_mode
        key = path.read_bytes()
    except OSError as error:
        raise BadSettings(f"{path}: the pseudonym key cannot be used: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise BadSettings(
            f"{path}: others may read the pseudonym key (mode {stat.S_IMODE(mode):04o}). "
            f"Run: chmod 600 {path}"
        )
    if len(key) != PSEUDONYM_KEY_BYTES:
        raise BadSettings(
            f"{path}: has {len(key)} bytes, a pseudonym key has {PSEUDONYM_KEY_BYTES}. Remove it and a new "
            "one is made; the cloud then sees every camera as a new stream."
        )
    return key


def _make(path: Path) -> None:
    """Write a new key in one step, so that no other process ever reads half of one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(PSEUDONYM_KEY_BYTES))
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
