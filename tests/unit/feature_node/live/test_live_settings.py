"""Where the page may be served, and whence its token comes."""

from pathlib import Path

import pytest

from feature_node.errors import BadSettings
from feature_node.live.settings import LiveSettings
from feature_node.settings import decode_settings, encode_settings
from tests.unit.feature_node.test_settings import make

TOKEN = "0123456789abcdef0123"


def test_loopback_needs_no_token() -> None:
    assert LiveSettings().token() == ""
    assert LiveSettings(listen="localhost:0").token() == ""
    assert LiveSettings(listen="[::1]:8800").token() == ""


@pytest.mark.parametrize("listen", ["0.0.0.0:8800", "192.0.2.7:8800", "house.local:8800", "[::]:8800"])
def test_any_other_address_does(listen: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"edge.live: .*set a token"):
        LiveSettings(listen=listen)
    assert LiveSettings(listen=listen, token_env="PAGE").listen == listen


def test_a_token_is_read_from_its_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert LiveSettings(token_file=file).token() == TOKEN
    monkeypatch.setenv("PAGE", TOKEN)
    assert LiveSettings(token_env="PAGE").token() == TOKEN
    monkeypatch.delenv("PAGE")
    with pytest.raises(BadSettings, match="the environment variable PAGE is not set"):
        LiveSettings(token_env="PAGE").token()


@pytest.mark.parametrize("data", [b"", b" \n", b"\xff\xfe", b"two\nlines", b"a" * 5000])
def test_a_file_that_holds_no_token_is_refused_and_not_quoted(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    with pytest.raises(BadSettings, match="holds no token") as caught:
        LiveSettings(token_file=file).token()
    assert "lines" not in str(caught.value)
    with pytest.raises(BadSettings, match="cannot be read"):
        LiveSettings(token_file=tmp_path / "none").token()


def test_settings_with_a_page_survive_the_way_to_the_edge(tmp_path: Path) -> None:
    made = make(live=LiveSettings(listen="127.0.0.1:0", token_file=tmp_path))
    assert decode_settings(encode_settings(made)) == made
