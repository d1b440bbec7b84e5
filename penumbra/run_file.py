"""How `watch` and `doctor` find a running `penumbra up`: a file of this user's, readable by nobody else.

It holds addresses and the names of password files, never a password.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from broker.address import BrokerAddress
from broker.plain_json import decode_plain, encode_plain

ENDING: Final = ".run.json"


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What another command needs to look at a run.

    Attributes:
        pid: The process that runs it.
        started_ns: Unix time in nanoseconds.
        viewer: The private broker, with the account that may read answers and status.
        cloud_viewer: The cloud broker with the same, where it was started here.
        redis: The Redis it uses, without a password; empty for none.
    """

    pid: int
    started_ns: int
    viewer: BrokerAddress
    cloud_viewer: BrokerAddress | None = None
    redis: str = ""


def run_folder() -> Path:
    """Where run files of this user are."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime) / "penumbra"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "penumbra" / "run"


@contextlib.contextmanager
def announced(info: RunInfo, folder: Path | None = None) -> Iterator[None]:
    """Keep a run file while the context lasts; a folder that cannot be written means none, and no harm."""
    path = (folder or run_folder()) / f"{info.pid}{ENDING}"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_bytes(encode_plain(info))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def running(folder: Path | None = None) -> RunInfo | None:
    """The newest run of this user that is still alive; leftovers of dead ones are removed."""
    found: list[RunInfo] = []
    for path in sorted((folder or run_folder()).glob(f"*{ENDING}")):
        with contextlib.suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            info = decode_plain(path.read_bytes(), RunInfo)
            if _alive(info.pid):
                found.append(info)
            else:
                path.unlink(missing_ok=True)
    return max(found, key=lambda info: info.started_ns, default=None)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
