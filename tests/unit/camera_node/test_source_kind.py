"""What a source value means is decided by its look, and nonsense is refused with what is allowed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_node.errors import BadSource
from camera_node.source_kind import device_path, kind_of
from monitoring.masking import mask_source, mask_text, mask_url


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("clip.mp4", "file"),
        ("/videos/clip", "file"),
        ("./0", "file"),
        ("rtsp://192.0.2.7/live", "rtsp"),
        ("RTSPS://camera/live", "rtsp"),
        ("http://192.0.2.7:8080/video", "http"),
        ("https://camera/video", "http"),
        ("0", "device"),
        ("12", "device"),
        ("/dev/video3", "device"),
        ("demo:", "demo"),
        ("demo", "demo"),
    ],
)
def test_kinds(value: str, kind: str) -> None:
    assert kind_of(value) == kind


def test_a_folder_is_known_by_being_one(tmp_path: Path) -> None:
    assert kind_of(str(tmp_path)) == "folder"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "is not a source"),
        ("  ", "is not a source"),
        ("a\0b", "is not a source"),
        ("ftp://host/clip.mp4", "ftp:// is not read"),
        ("file:///etc/passwd", "file:// is not read"),
        ("concat://a", "concat:// is not read"),
        ("rtsp://", "names no host"),
        ("rtsp://user:s3cret@/live", "names no host"),
        ("demo:dog", "there is one demo"),
    ],
)
def test_nonsense_is_refused_with_what_is_allowed(value: str, words: str) -> None:
    with pytest.raises(BadSource) as caught:
        kind_of(value)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_device_number_names_its_file() -> None:
    assert device_path("3") == device_path("/dev/video3") == Path("/dev/video3")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://192.0.2.7/live", "rtsp://192.0.2.7/live"),
        ("rtsp://user:s3cret@192.0.2.7:554/live", "rtsp://***@192.0.2.7:554/live"),
        ("rtsp://user:s3@cr/et@192.0.2.7/live", "rtsp://***@192.0.2.7/live"),
        ("http://cam/video?user=admin&pwd=s3cret", "http://cam/video?***"),
        ("rtsp://cam/user=admin_password=s3cret_channel=1", "rtsp://cam/***"),
        ("http://cam/video#s3cret", "http://cam/video?***"),
        ("http://[s3cret/video", "http://***"),
    ],
)
def test_urls_are_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=30))
def test_no_password_of_an_account_is_ever_shown(secret: str) -> None:
    for url in (f"rtsp://u:{secret}@host/live", f"http://{secret}@host/", f"http://h/v?token={secret}"):
        for shown in (mask_source(url), mask_text(f"cannot open {url}, really"), mask_url(url)):
            assert secret not in shown.replace("host", "").replace("live", "")
