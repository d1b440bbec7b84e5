"""Settings are refused with what is wrong and what is allowed, and never show a secret."""

from pathlib import Path

import pytest

from analyzer_node.errors import AnalyzerError, BadRedisAddress, BadSettings
from analyzer_node.redis_address import open_client, parse_address
from analyzer_node.settings import AnalyzerSettings, decode_settings, encode_settings
from broker.address import BrokerAddress

SECRET = "h0rse-battery"
CLOUD = BrokerAddress(host="broker.example", port=8883, tls=True, password_file=Path("/run/secret"))


def some_settings(**changes: object) -> AnalyzerSettings:
    fields: dict[str, object] = {"node": "cloud-1", "cloud": CLOUD, "bundles": (Path("toy"),)}
    return AnalyzerSettings(**{**fields, **changes})  # type: ignore[arg-type]


def test_settings_travel_as_json() -> None:
    settings = some_settings(redis="rediss://user@cache:6380/2", redis_password_file=Path("/run/redis"))
    assert decode_settings(encode_settings(settings)) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"node": "Cloud 1"},
        {"bundles": ()},
        {"max_batch": 0},
        {"batch_latency_ms": -1},
        {"store_timeout_ms": float("nan")},
        {"in_flight": 100_000},
        {"redis": "http://cache"},
        {"group": "a/b"},
    ],
)
def test_values_that_cannot_be_meant_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(Exception, match=r"allowed|name") as caught:
        some_settings(**change)
    assert "Error" not in type(caught.value).__name__


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"node": 3}', b"[" * 100_000])
def test_what_is_not_settings_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(BadSettings):
        decode_settings(data)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://user:{SECRET}@cache:6379/0",
        f"redis://:{SECRET}@cache",
        f"redis://cache?password={SECRET}",
        f"http://{SECRET}@cache",
        "redis://cache:99999",
        "redis://cache/first",
        "redis://",
        "unix://",
        "",
    ],
)
def test_a_bad_redis_address_is_refused_without_repeating_a_secret(url: str) -> None:
    with pytest.raises(BadRedisAddress) as caught:
        parse_address(url)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_addresses_are_read_and_shown_without_the_account() -> None:
    tls = parse_address("rediss://user@cache:6380/2")
    assert (tls.host, tls.port, tls.database, tls.username, tls.tls) == ("cache", 6380, 2, "user", True)
    assert str(tls) == "rediss://cache:6380/2"
    socket = parse_address("unix:///run/redis.sock?db=3")
    assert (socket.socket, socket.database, str(socket)) == ("/run/redis.sock", 3, "unix:///run/redis.sock")


def test_the_password_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text(SECRET + "\n")
    monkeypatch.setenv("CACHE_PASSWORD", SECRET)
    for how in ({"password_file": tmp_path / "password"}, {"password_env": "CACHE_PASSWORD"}):
        address = parse_address("redis://cache", **how)  # type: ignore[arg-type]
        client = open_client(address, timeout=0.1)
        assert client.connection_pool.connection_kwargs["password"] == SECRET
        assert SECRET not in repr(address)


@pytest.mark.parametrize(
    "how",
    [{"password_env": "NOT_SET_ANYWHERE"}, {"password_file": Path("/nowhere")}, {"ca_file": Path("/no")}],
)
def test_a_secret_that_is_not_there_is_named(how: dict[str, object]) -> None:
    with pytest.raises(AnalyzerError, match=r"NOT_SET_ANYWHERE|nowhere|/no"):
        open_client(parse_address("redis://cache", **how), timeout=0.1)  # type: ignore[arg-type]
