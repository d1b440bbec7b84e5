"""Where Redis is and how to prove who we are, without a secret in any address, log or error."""

import os
from pathlib import Path
from typing import Final, final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from analyzer_node.errors import BadRedisAddress

_DEFAULT_PORT: Final = 6379
_CONNECTIONS: Final = 16
_FORMS: Final = "redis://[user@]host[:port][/db], rediss://… for TLS, or unix:///path/to/socket[?db=0]"


@final
class RedisAddress(msgspec.Struct, frozen=True):
    """One place where Redis listens; holds names of secrets, never a secret, and so may be printed."""

    host: str = ""
    port: int = _DEFAULT_PORT
    socket: str = ""
    database: int = 0
    username: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    password_file: Path | None = None
    password_env: str | None = None

    def __str__(self) -> str:
        """Show where it listens: no user, no secret."""
        if self.socket:
            return f"unix://{self.socket}"
        return f"{'rediss' if self.tls else 'redis'}://{self.host}:{self.port}/{self.database}"


def parse_address(
    url: str,
    *,
    password_file: Path | None = None,
    password_env: str | None = None,
    ca_file: Path | None = None,
) -> RedisAddress:
    """Read a Redis URL.

    Raises:
        BadRedisAddress: the URL is of another form, or carries a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORT
    except ValueError:
        raise BadRedisAddress(f"redis: this is not an address; allowed: {_FORMS}") from None
    if parts.password is not None or "password" in parts.query.lower():
        raise BadRedisAddress(
            "redis: a password in the address shows in logs; name a password file or variable"
        )
    if password_file and password_env:
        raise BadRedisAddress("redis: give a password file or a password variable, not both")
    found = _place(parts, port)
    return msgspec.structs.replace(
        found, password_file=password_file, password_env=password_env, ca_file=ca_file
    )


def _place(parts: SplitResult, port: int) -> RedisAddress:
    username = unquote(parts.username) if parts.username else None
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        database = _database(dict(parse_qsl(parts.query)).get("db", "0"))
        return RedisAddress(socket=unquote(parts.path), database=database)
    if parts.scheme in {"redis", "rediss"} and parts.hostname and not parts.query:
        return RedisAddress(
            host=parts.hostname,
            port=port,
            database=_database(parts.path.strip("/") or "0"),
            username=username,
            tls=parts.scheme == "rediss",
        )
    raise BadRedisAddress(f"redis: {_shown(parts)!r} cannot be used; allowed: {_FORMS}")


def open_client(address: RedisAddress, *, timeout: float) -> Redis:
    """Make a client that has not connected yet; each of its reads and connects takes at most `timeout` s.

    Raises:
        BadRedisAddress: the password's or the authority's file, or the variable, is absent.
    """
    if address.ca_file and not address.ca_file.is_file():
        raise BadRedisAddress(f"redis: the authority's file {address.ca_file} does not exist")
    return Redis(
        unix_socket_path=address.socket or None,
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=_password(address),
        ssl=address.tls,
        ssl_ca_certs=str(address.ca_file) if address.ca_file else None,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),  # the breaker decides when to try again
        max_connections=_CONNECTIONS,
        protocol=2,
    )


def _password(address: RedisAddress) -> str | None:
    if address.password_env:
        secret = os.environ.get(address.password_env)
        if not secret:
            raise BadRedisAddress(f"redis: the variable {address.password_env} is not set")
        return secret
    if address.password_file:
        try:
            return address.password_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadRedisAddress(
                f"redis: the password file {address.password_file} cannot be read; check its path and rights"
            ) from None
    return None


def _database(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise BadRedisAddress("redis: the database is a number, as in redis://host:6379/0")
    return int(text)


def _shown(parts: SplitResult) -> str:
    """The address without user, password and query."""
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
