"""`penumbra broker config` and `topics` as a user meets them."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.topic_table import TABLE
from penumbra.broker_commands import app
from penumbra.errors import ConfigError

PRIVATE = ["config", "--side", "private", "--camera", "front", "--edge", "e1"]


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_secrets_are_nobody_elses_and_stay_out_of_everything_printed(tmp_path: Path) -> None:
    out = tmp_path / "broker"
    printed = run(*PRIVATE, "--out", out)
    secrets = sorted((out / "secrets").iterdir())
    assert [file.name for file in secrets] == ["camera-front.password", "edge-e1.password"]
    public = printed + "".join((out / name).read_text() for name in ("README.md", "mosquitto.conf", "acl"))
    for file in secrets:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_text().strip() not in public
        assert file.read_text().strip() not in (out / "passwords").read_text()
    assert stat.S_IMODE((out / "passwords").stat().st_mode) == 0o600
    assert stat.S_IMODE((out / "secrets").stat().st_mode) == 0o700


def test_paths_may_be_those_of_another_host(tmp_path: Path) -> None:
    run(*PRIVATE, "--out", tmp_path / "broker", "--installed-at", "/mosquitto/config", "--port", "18883")
    text = (tmp_path / "broker" / "mosquitto.conf").read_text()
    assert "acl_file /mosquitto/config/acl\n" in text
    assert "listener 18883\n" in text
    assert str(tmp_path) not in text


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    assert "--force" in refused(*PRIVATE, "--out", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
    run(*PRIVATE, "--out", tmp_path, "--force")
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_damaged_secret_is_replaced(tmp_path: Path) -> None:
    run(*PRIVATE, "--out", tmp_path)
    secret = tmp_path / "secrets" / "camera-front.password"
    secret.write_text("x\ny")
    run(*PRIVATE, "--out", tmp_path, "--force")
    assert len(secret.read_text().strip()) >= 32


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--side", "cloud", "--camera", "front"], "camera front can have no account on the cloud broker"),
        (["--side", "private", "--analyzer", "a"], "analyzer a can have no account on the private broker"),
        (["--side", "private", "--camera", "Front Door"], '"Front Door" is no camera name'),
        (["--side", "private", "--camera", "a", "--camera", "a"], "camera a is given twice"),
        (["--side", "private"], "no account"),
        (["--side", "private", "--camera", "a", "--hostname", "a;b"], '"a;b" is neither a host name'),
        (["--side", "private", "--camera", "a", "--port", "0"], "port 0"),
        (["--side", "cloud", "--announcer", "e1"], "announcer e1 can have no account on the cloud broker"),
        (["--side", "private", "--camera", "a", "--discovery-prefix", "a/#"], "is no discovery prefix"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(tmp_path: Path, options: list[str], said: str) -> None:
    out = tmp_path / "broker"
    assert said in refused("config", *options, "--out", out)
    assert not out.exists()


def test_home_assistant_listens_under_the_prefix_that_it_has(tmp_path: Path) -> None:
    out = tmp_path / "broker"
    home = ("--announcer", "e1", "--home-assistant", "main", "--discovery-prefix", "hass")
    run(*PRIVATE, "--out", out, *home)
    acl, readme = (out / "acl").read_text(), (out / "README.md").read_text()
    assert "user announcer-e1\ntopic write penumbra/home/+\ntopic write hass/device/+/config\n" in acl
    assert "topic read hass/device/+/config" in acl.partition("user home-assistant-main")[2]
    assert "`hass/status`" in readme
    assert "homeassistant/" not in acl + readme


def test_an_unknown_side_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["config", "--side", "both", "--out", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert "both" in result.output


def test_no_openssl_is_said_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refused(*PRIVATE, "--out", tmp_path / "broker", "--self-signed")
    assert "openssl is not installed" in said
    assert "server.crt" in said
    assert not (tmp_path / "broker").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refused(*PRIVATE, "--out", tmp_path / "file")
    assert "cannot be written" in refused(*PRIVATE, "--out", tmp_path / "file" / "below")


def test_topics_names_every_topic() -> None:
    printed = run("topics")
    for topic in TABLE:
        assert topic.pattern in printed
