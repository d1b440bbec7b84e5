"""Where `penumbra up` puts the live page, and what a pipeline file may say of it."""

import socket
from pathlib import Path

import pytest

from penumbra import live_page
from penumbra.errors import ConfigError
from penumbra.live_page import live_settings, page_address, with_live_page
from penumbra.pipeline_file import load_pipeline
from penumbra.pipeline_schema import Pipeline

CAMERA = "private: {cameras: {yard: {source: 0}}}\n"


def pipeline(folder: Path, live: str = "") -> Pipeline:
    path = folder / "pipeline.yaml"
    path.write_text(CAMERA + (f"edge: {{live: {live}}}\n" if live else ""))
    return load_pipeline(path)


def test_an_edge_alone_serves_none_unless_it_is_told_to(tmp_path: Path) -> None:
    assert live_settings(pipeline(tmp_path).edge.live) is None
    assert live_settings(pipeline(tmp_path, "false").edge.live) is None
    asked = live_settings(pipeline(tmp_path, "true").edge.live)
    assert asked is not None
    assert asked.listen == "127.0.0.1:8800"


def test_up_serves_one_on_this_machine_alone(tmp_path: Path) -> None:
    entry = with_live_page(pipeline(tmp_path)).edge.live
    assert page_address(entry).startswith("http://127.0.0.1:")
    settings = live_settings(entry)
    assert settings is not None
    assert settings.token() == ""
    assert with_live_page(pipeline(tmp_path, "false")).edge.live == pipeline(tmp_path, "false").edge.live
    assert page_address(pipeline(tmp_path, "false").edge.live) == ""


def test_up_takes_a_free_port_where_the_usual_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        usual = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(live_page, "LISTEN", usual)
        entry = with_live_page(pipeline(tmp_path)).edge.live
        assert entry is not None
        assert entry.listen not in (None, usual)
    entry = with_live_page(pipeline(tmp_path)).edge.live
    assert entry is not None
    assert entry.listen == usual


def test_where_it_is_said_it_is_served_there(tmp_path: Path) -> None:
    made = pipeline(tmp_path, '{listen: "0.0.0.0:9000", token_file: page.token}')
    entry = with_live_page(made).edge.live
    settings = live_settings(entry)
    assert settings is not None
    assert (settings.listen, settings.token_file) == ("0.0.0.0:9000", tmp_path / "page.token")
    assert page_address(entry) == f"http://{socket.gethostname()}:9000"
    named = pipeline(tmp_path, '{listen: "[::1]:9000"}').edge.live
    assert page_address(named) == "http://[::1]:9000"


@pytest.mark.parametrize(
    ("live", "words"),
    [
        ('{listen: "0.0.0.0:8800"}', "name a token_file or token_env, or serve it on 127.0.0.1"),
        ('{listen: "here"}', "Write HOST:PORT, for example 127.0.0.1:8800."),
        ("{token_file: a, token_env: B}", "names its token twice. Keep token_file or token_env."),
        ("{token: secret-words}", "token"),
        ("sometimes", "live"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_remedy(tmp_path: Path, live: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pipeline(tmp_path, live)
    assert words in str(caught.value)
    assert "secret-words" not in str(caught.value)


def test_where_nothing_can_serve_it_up_goes_on_unless_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_page, "_NEEDED", ("starlette", "no_such_library"))
    assert with_live_page(pipeline(tmp_path)).edge.live is None
    with pytest.raises(ConfigError, match=r"needs no_such_library. Run: pip install 'penumbra\[edge\]'"):
        with_live_page(pipeline(tmp_path, "true"))
