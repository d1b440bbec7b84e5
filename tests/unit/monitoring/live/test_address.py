"""Where the live page may listen, and what it asks for there."""

import socket

import pytest

from monitoring.errors import PageRefused
from monitoring.live.address import listen, parse_address

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8800", "127.0.0.1", 8800),
        (":0", "127.0.0.1", 0),
        ("[::1]:80", "::1", 80),
        ("localhost:1", "localhost", 1),
    ],
)
def test_loopback_needs_no_token(text: str, host: str, port: int) -> None:
    address = parse_address(text, "")
    assert (address.host, address.port, address.loopback) == (host, port, True)


@pytest.mark.parametrize("text", ["0.0.0.0:8800", "192.0.2.7:8800", "edge.local:8800", "[::]:8800"])
def test_whoever_else_can_reach_it_needs_a_token(text: str) -> None:
    with pytest.raises(PageRefused, match="set a token"):
        parse_address(text, "")
    assert not parse_address(text, TOKEN).loopback


@pytest.mark.parametrize(
    "text", ["8800x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:-1", "a:²"]
)
def test_an_address_that_is_none_is_named(text: str) -> None:
    with pytest.raises(PageRefused, match="HOST:PORT"):
        parse_address(text, "")


@pytest.mark.parametrize("token", ["short", "0123456789abcdé0123456789", "0123456789\n0123456789"])
def test_a_token_that_is_guessed_or_does_not_travel_is_refused_unseen(token: str) -> None:
    with pytest.raises(PageRefused, match="at least 16") as refused:
        parse_address("127.0.0.1:0", token)
    assert token not in str(refused.value)


def test_a_taken_address_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PageRefused, match=f"127.0.0.1:{port}.*in use"):
            listen(parse_address(f"127.0.0.1:{port}", ""))


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(PageRefused, match=r"192\.0\.2\.1"):
        listen(parse_address("192.0.2.1:1", TOKEN))
