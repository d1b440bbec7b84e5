import pytest

from penumbra.masking import has_password, mask, shown


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
    assert "hunter2" not in mask(address)


def test_what_is_no_secret_stays() -> None:
    assert mask("rtsp://user@192.0.2.7:554/stream?channel=1") == "rtsp://user@192.0.2.7:554/stream?channel=1"
    assert not has_password("mqtts://bob@edge.local:8883")
    assert has_password("mqtts://bob:x@edge.local:8883")


def test_values_are_shown_short_on_one_line_and_by_kind() -> None:
    assert shown("a\nb") == '"a b"'
    assert len(shown("x" * 500)) <= 60
    assert shown({"a": 1}) == "a mapping"
    assert shown([1]) == "a list"
    assert shown(None) == "an empty value"
    assert shown(True) == "true"
    assert shown("hunter2", "cloud.redis.password") == "(hidden)"
