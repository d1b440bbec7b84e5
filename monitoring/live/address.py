"""Where the live page listens, checked before anything is started, and its listening socket."""

import ipaddress
import socket
from typing import Final, NamedTuple

from monitoring.errors import PageRefused

SHORTEST_TOKEN: Final = 16
BACKLOG: Final = 32
SEND_BUFFER: Final = 64 * 1024
"""Bytes the system keeps for a browser that is slow to read: little, since what waits there grows old."""


class Address(NamedTuple):
    """A host and a port; `loopback` where only this machine can reach it."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(text: str, token: str) -> Address:
    """Read `HOST:PORT`; port 0 takes a free one, an empty host this machine alone.

    Raises:
        PageRefused: It is no address, or needs a token that is missing or short.
    """
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise PageRefused(
            f'the live page cannot be served on "{text}". Write HOST:PORT, for example 127.0.0.1:8800.'
        )
    address = Address(host.strip("[]") or "127.0.0.1", int(port))
    if not address.loopback and not token:
        raise PageRefused(
            f'the live page shows pictures, and others can reach "{text}": set a token, '
            "or serve it on 127.0.0.1."
        )
    if token and (len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise PageRefused(
            f"the live page's token must be at least {SHORTEST_TOKEN} characters of plain ASCII, "
            "or it is guessed. Make one: openssl rand -hex 16."
        )
    return address


def listen(address: Address) -> socket.socket:
    """Take the address.

    Raises:
        PageRefused: It is taken, or is none of this machine's.
    """
    try:
        family, *_, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(place[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise PageRefused(
            f'the live page cannot be served on "{address.host}:{address.port}": {error.strerror}. '
            "Choose another address, or stop what uses it."
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    return listener
