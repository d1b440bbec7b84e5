"""Password hashes as mosquitto's own program makes them, and limits that leave room for every message."""

import base64
import subprocess
from pathlib import Path

import pytest

from broker.mosquitto_conf import embedded_config, hashed_password, max_packet_bytes, new_password
from broker.topic import Cloud, Private
from broker.topic_table import TABLE
from tests.servers import require_program


def test_the_hash_is_the_one_that_mosquitto_passwd_makes(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    subprocess.run([require_program("mosquitto_passwd"), "-b", "-c", file, "user", "sesam"], check=True)
    theirs = file.read_text().strip().removeprefix("user:")
    _, scheme, iterations, salt, _ = theirs.split("$")
    assert scheme == "7"
    assert hashed_password("sesam", salt=base64.b64decode(salt), iterations=int(iterations)) == theirs


def test_two_hashes_of_one_password_differ() -> None:
    assert hashed_password("sesam") != hashed_password("sesam")


def test_passwords_are_long_and_never_repeat() -> None:
    drawn = {new_password() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(password) >= 32 and password.isascii() and "\n" not in password for password in drawn)


@pytest.mark.parametrize("side", [Private, Cloud], ids=lambda side: side.label)
def test_every_message_fits_with_its_header(side: type[Private] | type[Cloud]) -> None:
    longest_name = "x" * 63
    for topic in TABLE:
        if topic.side is side:
            assert topic.max_bytes + len(topic.path(longest_name)) + 64 <= max_packet_bytes(side)


def test_a_queue_of_none_is_never_configured(tmp_path: Path) -> None:
    settings = dict(
        line.split(maxsplit=1)
        for line in embedded_config(Private, 1883, tmp_path).splitlines()
        if " " in line
    )
    assert int(settings["max_queued_messages"]) > 0
    assert int(settings["max_inflight_messages"]) > 0
    assert settings["allow_anonymous"] == "false"
    assert settings["listener"] == "1883 127.0.0.1"
