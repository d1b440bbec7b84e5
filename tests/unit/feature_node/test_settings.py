"""Settings and the pseudonym key: what cannot be used is refused with what to do."""

from pathlib import Path

import pytest

from broker.address import BrokerAddress
from feature_node.errors import BadSettings
from feature_node.key_file import load_key
from feature_node.policy import Policy
from feature_node.settings import EdgeSettings, decode_settings, encode_settings

LOCAL = BrokerAddress(host="127.0.0.1", port=1883)


def make(**changes) -> EdgeSettings:
    fields = {"site": "home", "private": LOCAL, "cloud": LOCAL, "key_file": Path("key"), "extractor": "shade"}
    return EdgeSettings(**(fields | changes))


def test_settings_travel_as_json():
    settings = make(bundle=Path("a/b"), detection_size=(320, 192), policy=Policy(max_ssim_over_floor=0.1))
    assert decode_settings(encode_settings(settings)) == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("node", "Not A Name"),
        ("site", ""),
        ("detection_size", (16, 640)),
        ("threshold", 0.0),
        ("dilate", -0.1),
        ("hold", -1),
        ("detect_every", 0),
        ("quality", 101),
        ("in_flight", 0),
        ("answer_timeout", 0.0),
        ("queue", 0),
        ("max_lag", 0.0),
        ("workers", 0),
    ],
)
def test_a_value_out_of_bounds_is_named(name, value):
    with pytest.raises(BadSettings, match=f"edge.{name}"):
        make(**{name: value})


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"site": 1}', b"\xff", b'{"site":"home","unknown":1}'])
def test_what_is_not_settings_is_refused(data):
    with pytest.raises(BadSettings):
        decode_settings(data)


def test_a_bundle_extractor_needs_a_bundle():
    with pytest.raises(BadSettings, match=r"edge\.bundle"):
        make(extractor="bundle")


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "new" / "key"
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = tmp_path / "key"
    load_key(path)
    path.chmod(mode)
    with pytest.raises(BadSettings, match="chmod 600"):
        load_key(path)


@pytest.mark.parametrize("data", [b"", b"short", bytes(33)])
def test_a_key_of_another_length_is_refused(tmp_path, data):
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(data)
    with pytest.raises(BadSettings, match="32"):
        load_key(path)


def test_a_key_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="cannot be used"):
        load_key(tmp_path)
