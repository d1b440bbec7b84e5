"""The ledger on disk: one JSON file that only its owner reads, replaced as a whole and checked when read."""

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, final

import msgspec

from broker.identity import is_name
from feature_node.budget.account import Account
from feature_node.budget.limits import WINDOWS
from feature_node.errors import BadLedger, LedgerUnusable

SCHEMA: Final = 1
MAX_BYTES: Final = 8 * 2**20
AHEAD_SECONDS: Final = 60
"""How far a window may begin after now: clocks are set."""
_REMOVE: Final = (
    "Or remove it: every camera then has a whole budget at once, so wait until the day (UTC) is over."
)


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds; `sha256` is of the cameras as they are written."""

    schema: int
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    cameras: dict[str, Account]


class _Version(msgspec.Struct):
    schema: int


@final
class DiskLedger:
    """A `LedgerFile`; one process at a time has it, until it ends or closes it."""

    def __init__(self, path: Path) -> None:
        """Take hold of the file, which need not be there yet.

        Raises:
            BadLedger: Another process has it, or the folder cannot be used.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            self._lock: int | None = os.open(_beside(path, "lock"), flags, 0o600)
        except OSError as error:
            raise BadLedger(f"{path}: the ledger cannot be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise BadLedger(
                f"{path}: another edge node counts with this ledger. End it, or give this one another "
                "edge.name or site."
            ) from error

    def read(self, now_ns: int) -> dict[str, Account]:
        """See `LedgerFile`."""
        try:
            with self._path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                data = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise BadLedger(f"{self._path}: the ledger cannot be read: {error.strerror}") from error
        if mode & 0o077:
            raise BadLedger(
                f"{self._path}: others may change the ledger (mode {mode:04o}). Run: chmod 600 {self._path}"
            )
        accounts = self._decoded(data)
        self._check_time(accounts, now_ns)
        return accounts

    def write(self, accounts: Mapping[str, Account]) -> None:
        """See `LedgerFile`."""
        cameras = dict(accounts)
        content = _Content(SCHEMA, _digest(cameras), cameras)
        try:
            _replace(self._path, msgspec.json.format(msgspec.json.encode(content, order="deterministic")))
        except OSError as error:
            raise LedgerUnusable(f"the ledger cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """See `LedgerFile`."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _decoded(self, data: bytes) -> dict[str, Account]:
        try:
            if len(data) > MAX_BYTES:
                raise ValueError(f"over {MAX_BYTES} bytes")
            version = msgspec.json.decode(data, type=_Version).schema
            if version == SCHEMA:
                return _checked(msgspec.json.decode(data, type=_Content))
        except (ValueError, RecursionError) as error:
            raise BadLedger(
                f"{self._path}: the ledger is damaged ({error}). Restore it from a backup. {_REMOVE}"
            ) from None
        raise BadLedger(
            f"{self._path}: the ledger has schema {version}, this version of penumbra reads {SCHEMA}. "
            f"Install the version that wrote it. {_REMOVE}"
        )

    def _check_time(self, accounts: Mapping[str, Account], now_ns: int) -> None:
        starts = (account.of(window).start for account in accounts.values() for window in WINDOWS)
        latest = max(starts, default=0)
        if latest > now_ns // 10**9 + AHEAD_SECONDS:
            raise BadLedger(
                f"{self._path}: the ledger is from the future: a window began at {_time(latest)}, and this "
                f"host's clock says {_time(now_ns // 10**9)}. Set the clock right. {_REMOVE}"
            )


def _checked(content: _Content) -> dict[str, Account]:
    cameras = content.cameras
    if _digest(cameras) != content.sha256:
        raise ValueError("its checksum does not fit")
    for name, account in cameras.items():
        aligned = all(account.of(window).start % seconds == 0 for window, seconds in WINDOWS.items())
        if not is_name(name) or not aligned:
            raise ValueError("a camera's name or a window's start cannot be")
    return cameras


def _digest(cameras: dict[str, Account]) -> str:
    return hashlib.sha256(msgspec.json.encode(cameras, order="deterministic")).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    """Put a new file in the place of the old one, so that after a power cut one of the two is there."""
    draft = _beside(path, "draft")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{ending}")


def _time(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return f"second {seconds}"
