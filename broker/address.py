"""Where a broker is and how to prove who one is; holds no secret, only where the secret is kept."""

import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from broker.errors import BadAddress

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
EXAMPLE: Final = "Write mqtt://HOST:PORT, or mqtts://USER@HOST:PORT with TLS."


class BrokerAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A broker's address, safe to print and to pass on.

    Attributes:
        host: Name or address.
        port: TCP port.
        tls: Whether the link is encrypted and the broker's certificate checked.
        username: The account, None for none.
        password_file: A file that holds the password.
        password_env: Or the name of an environment variable that does.
        ca_file: Certificates to trust instead of the system's.
        cert_file: This client's certificate, where the broker asks for one; `key_file` is its key.
        key_file: See `cert_file`.
    """

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __str__(self) -> str:
        scheme = "mqtts" if self.tls else "mqtt"
        account = f"{self.username}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{account}{host}:{self.port}"

    def password(self) -> str | None:
        """Read the password from its file or environment variable; None where neither is named.

        Raises:
            BadAddress: It is named but not there.
        """
        if self.password_file is not None:
            try:
                return self.password_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise BadAddress(
                    f"{self}: the password file {self.password_file} cannot be read: {error}"
                ) from error
        if self.password_env is not None:
            if self.password_env not in os.environ:
                raise BadAddress(f"{self}: the environment variable {self.password_env} is not set.")
            return os.environ[self.password_env]
        return None


def parse_address(
    url: str,
    *,
    password_file: Path | None = None,
    password_env: str | None = None,
    ca_file: Path | None = None,
    cert_file: Path | None = None,
    key_file: Path | None = None,
) -> BrokerAddress:
    """Read `mqtt://[user@]host[:port]` or `mqtts://…`.

    Raises:
        BadAddress: It is not of that form, or it holds a password (which would end up in process lists,
            shell histories and logs).
    """
    parts = urlsplit(url if "://" in url else f"mqtt://{url}")
    if parts.scheme not in PORTS:
        raise BadAddress(f'"{parts.scheme}://…" is not a broker address. {EXAMPLE}')
    if parts.password is not None:
        raise BadAddress(
            f"the address of the broker at {parts.hostname} holds a password. "
            "Keep it in a file or an environment variable and name that (password_file, password_env)."
        )
    try:
        port = parts.port
    except ValueError as error:
        raise BadAddress(f'the port of "{url}" is not a number from 1 to 65535. {EXAMPLE}') from error
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment or port == 0:
        raise BadAddress(f'"{url}" is not a broker address. {EXAMPLE}')
    return BrokerAddress(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        tls=parts.scheme == "mqtts",
        username=unquote(parts.username) if parts.username else None,
        password_file=password_file,
        password_env=password_env,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
    )
