"""The two programs that can be an embedded broker, and how each is told its accounts and rights."""

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol, final

import msgspec

from broker.acl import Account, mosquitto_acl, rights_of
from broker.amqtt_settings import AmqttAccount, AmqttSettings
from broker.child import Child
from broker.mosquitto_conf import QUEUED_MESSAGES, embedded_config, hashed_password, max_packet_bytes
from broker.topic import Side

_SYSTEM_FOLDERS: Final = "/usr/sbin:/usr/local/sbin:/sbin:/opt/homebrew/sbin"
_VERSION_SECONDS: Final = 5.0


class Program(Protocol):
    """A broker program."""

    @property
    def kind(self) -> str:
        """Name and version, and what it cannot do."""
        ...

    def prepare(
        self, side: type[Side], passwords: Mapping[Account, str], folder: Path, port: int
    ) -> tuple[list[str], bytes]:
        """Write what it needs into `folder`; returns its command line and what to write to its input."""
        ...


@final
class Mosquitto:
    """mosquitto, which reads its settings from files."""

    def __init__(self, path: str, version: str) -> None:
        self.kind = f"mosquitto {version}"
        self._path = path

    def prepare(
        self, side: type[Side], passwords: Mapping[Account, str], folder: Path, port: int
    ) -> tuple[list[str], bytes]:
        """See `Program`."""
        hashes = "".join(f"{who.username}:{hashed_password(word)}\n" for who, word in passwords.items())
        config = embedded_config(side, port, folder)
        for name, text in (("passwords", hashes), ("acl", mosquitto_acl(side, passwords)), ("conf", config)):
            file = folder / name
            file.touch(mode=0o600)
            file.write_text(text, encoding="utf-8")
        return [self._path, "-c", str(folder / "conf")], b""


@final
class Amqtt:
    """amqtt, a pure Python broker; run by this interpreter, told everything on its standard input."""

    def __init__(self, version: str) -> None:
        self.kind = f"amqtt {version} (MQTT 3.1.1, no shared subscriptions)"

    def prepare(
        self, side: type[Side], passwords: Mapping[Account, str], folder: Path, port: int
    ) -> tuple[list[str], bytes]:
        """See `Program`; nothing is written to the folder."""
        del folder
        accounts = {}
        for account, password in passwords.items():
            rights = rights_of(side, account)
            accounts[account.username] = AmqttAccount(password, rights.write, rights.read)
        settings = AmqttSettings(port, max_packet_bytes(side), QUEUED_MESSAGES, accounts)
        # -P: a folder called `broker` where the user happens to be must not be run in place of this package.
        command = [sys.executable, "-P", "-m", "broker.embedded_amqtt"]
        return command, msgspec.json.encode(settings) + b"\n"


async def mosquitto_program() -> Mosquitto | None:
    """Find mosquitto on the PATH or among the system programs, where Debian puts it; None if absent."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path=_SYSTEM_FOLDERS)
    if path is None:
        return None
    try:
        child = await Child.start([path, "-h"])
    except OSError:
        return None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_VERSION_SECONDS):
            await child.wait()
    await child.stop()
    # Version 1 knows neither these password hashes nor the settings of version 2.
    version = re.search(r"mosquitto version ([2-9][0-9.]*)", child.last_words)
    return Mosquitto(path, version[1]) if version else None


def amqtt_program() -> Amqtt | None:
    """Find amqtt among the installed distributions; None if absent."""
    if importlib.util.find_spec("amqtt") is None:
        return None
    return Amqtt(importlib.metadata.version("amqtt"))
