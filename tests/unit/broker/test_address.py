"""Broker addresses: read, shown without secrets, and refused with a remedy."""

from pathlib import Path

import pytest

from broker.address import parse_address
from broker.errors import BadAddress


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://edge.local", "mqtt://edge.local:1883"),
        ("edge.local", "mqtt://edge.local:1883"),
        ("edge.local:1884", "mqtt://edge.local:1884"),
        ("mqtts://cam@edge.local", "mqtts://cam@edge.local:8883"),
        ("mqtt://[::1]:1900", "mqtt://[::1]:1900"),
    ],
)
def test_addresses_that_are_understood(url: str, shown: str) -> None:
    assert str(parse_address(url)) == shown


@pytest.mark.parametrize(
    "url",
    [
        "http://edge.local",
        "mqtt://",
        "mqtt://host:port",
        "mqtt://host:99999",
        "mqtt://host:0",
        "mqtt://host/path",
        "mqtt://host?x=1",
    ],
)
def test_addresses_that_are_not(url: str) -> None:
    with pytest.raises(BadAddress, match=r"Write mqtt://HOST:PORT"):
        parse_address(url)


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(BadAddress, match="password_file") as error:
        parse_address("mqtts://cam:hunter2@edge.local")
    assert "hunter2" not in str(error.value)


def test_the_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    address = parse_address("mqtt://cam@host", password_file=secret)
    assert address.password() == "hunter2"
    assert "hunter2" not in repr(address)
    monkeypatch.setenv("CAM_PASSWORD", "hunter3")
    assert parse_address("mqtt://cam@host", password_env="CAM_PASSWORD").password() == "hunter3"
    assert parse_address("mqtt://host").password() is None


def test_a_password_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadAddress, match="cannot be read"):
        parse_address("mqtt://host", password_file=tmp_path / "absent").password()
    with pytest.raises(BadAddress, match="NO_SUCH_VARIABLE is not set"):
        parse_address("mqtt://host", password_env="NO_SUCH_VARIABLE").password()
