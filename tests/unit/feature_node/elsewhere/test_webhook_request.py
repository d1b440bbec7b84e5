"""One answer as an HTTP request, and the secrets that go with it."""

import hashlib
import hmac
from pathlib import Path

import msgspec
import pytest

from broker.answers import encode_answer
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_request import (
    IDEMPOTENCY,
    SIGNATURE,
    TIMESTAMP,
    Secrets,
    headers_of,
    request_of,
)
from feature_node.elsewhere.webhook_secrets import MAX_BYTES, read_secrets
from feature_node.errors import BadSettings
from tests.unit.broker.messages import an_answer


def settings(**files: Path) -> WebhookSettings:
    return WebhookSettings(url="https://example.org/x", **files)  # type: ignore[arg-type]


def test_the_body_is_what_is_on_the_broker_and_each_answer_has_a_key_of_its_own() -> None:
    answer = an_answer()
    request = request_of(answer)
    assert request.body == encode_answer(answer)
    others = [{"sequence": 4}, {"run": 8}, {"camera": "yard"}]
    keys = {request_of(msgspec.structs.replace(answer, **change)).key for change in others}  # type: ignore[arg-type]
    assert len(keys | {request.key}) == 4
    assert request_of(answer).key == request.key


def test_a_receiver_can_check_the_signature_over_time_and_body() -> None:
    request, secrets = request_of(an_answer()), Secrets("token", b"shared key")
    headers = headers_of(request, secrets, "1.2", 1_760_000_000)
    signed = b"1760000000." + request.body
    assert headers[SIGNATURE] == "sha256=" + hmac.new(b"shared key", signed, hashlib.sha256).hexdigest()
    assert headers[TIMESTAMP] == "1760000000"
    assert headers["Authorization"] == "Bearer token"
    assert headers[IDEMPOTENCY] == request.key
    assert headers["Content-Type"] == "application/json"


def test_a_traced_frame_takes_its_trace_along() -> None:
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    assert headers_of(request_of(an_answer(traceparent=trace)), Secrets(), "1", 1)["traceparent"] == trace
    assert "traceparent" not in headers_of(request_of(an_answer()), Secrets(), "1", 1)


def test_without_secrets_nothing_is_claimed() -> None:
    assert not {SIGNATURE, "Authorization"} & set(headers_of(request_of(an_answer()), Secrets(), "1.2", 1))


def test_secrets_come_from_files_and_do_not_print(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    (tmp_path / "key").write_text(" swordfish ")
    secrets = read_secrets(settings(token_file=tmp_path / "token", secret_file=tmp_path / "key"))
    assert secrets == ("hunter2", b"swordfish")
    assert "hunter2" not in f"{secrets!r} {secrets}"
    assert read_secrets(settings()) == ("", b"")


@pytest.mark.parametrize(
    "content", [b"", b" \n", b"two\nlines", b"\xff\xfe", "é".encode(), b"x" * (MAX_BYTES + 1)]
)
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(
        BadSettings, match=r"edge.webhook.token_file: .*token holds no secret. Write it there"
    ):
        read_secrets(settings(token_file=tmp_path / "token"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"edge.webhook.secret_file: .*key cannot be read: No such file"):
        read_secrets(settings(secret_file=tmp_path / "key"))
