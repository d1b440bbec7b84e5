"""Logs are structured and keep secrets and payloads out."""

import json
from collections.abc import Iterator

import pytest
import structlog

from monitoring.logs import get_logger, set_up_logs
from monitoring.masking import mask_text


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_of_json_names_the_node(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("edge", "json")
    get_logger().info("connected", broker="mqtt://127.0.0.1:1883")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["node"], line["level"]) == ("connected", "edge", "info")


@pytest.mark.parametrize("form", ["json", "console"])
def test_credentials_and_payloads_are_masked(capsys: pytest.CaptureFixture[str], form: str) -> None:
    set_up_logs("camera", form)  # type: ignore[arg-type]
    get_logger().warning(
        "source failed", source="rtsp://admin:hunter2@192.0.2.7/stream", detail=b"\xff\xd8 a face"
    )
    printed = capsys.readouterr().err
    assert "hunter2" not in printed
    assert "a face" not in printed
    assert "rtsp://***@192.0.2.7/stream" in printed


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://user:hunter2@192.0.2.7/stream",
        "rtsp://user:hunter2/with/slash@192.0.2.7/stream",
        "rtsp://user:hunter2@at@192.0.2.7/stream",
        "redis://:hunter2@host:6379/0",
        "http://cam/video?user=a&password=hunter2&x=1",
        "cannot open rtsp://u:hunter2@h/x and http://h/y?token=hunter2",
    ],
)
def test_no_password_survives(address: str) -> None:
    assert "hunter2" not in mask_text(address)
