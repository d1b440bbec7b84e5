"""Settings refuse what cannot be meant, by name and value, and never show an account."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.address import BrokerAddress
from broker.errors import BadName
from camera_node.errors import BadOption, BadSource
from camera_node.open_source import open_source
from camera_node.settings import CameraSettings, CameraSpec, decode_settings, encode_settings

BROKER = BrokerAddress(host="127.0.0.1", port=1883)


def spec(**options: object) -> CameraSpec:
    return CameraSpec(**{"name": "yard", "source": "demo:"} | options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("fps", 0, "fps is 0"),
        ("fps", -1.0, "fps is -1.0"),
        ("fps", float("nan"), "fps is nan"),
        ("quality", 101, "quality is 101, allowed is 1 to 100"),
        ("window", 0, "window is 0"),
        ("max_lag", 0.0, "max_lag is 0.0"),
        ("give_up", -3.0, "give_up is -3.0"),
        ("read_timeout", 0.0, "read_timeout is 0.0"),
        ("size", (0, 100), "size is 0x100"),
        ("size", (8193, 100), "for example 1280x720"),
        ("size", (8192, 8192), "50 million"),
        ("privacy_zones", (((0, 0), (5, 5)),), "has 2 corners"),
        ("privacy_zones", (((0, 0), (9, 9), (9, 0), (0, 9)),), "cross"),
        ("privacy_zones", (((0, 0), (99999, 0), (0, 9)),), "beyond 32767"),
    ],
)
def test_what_cannot_be_meant_is_named(option: str, value: object, words: str) -> None:
    with pytest.raises(BadOption) as caught:
        spec(**{option: value})
    assert words in str(caught.value)


def test_a_name_that_may_not_stand_in_a_topic_is_refused() -> None:
    with pytest.raises(BadName, match="front/door"):
        spec(name="front/door")


def test_a_node_needs_cameras_of_different_names_and_a_broker() -> None:
    with pytest.raises(BadOption, match="0 cameras"):
        CameraSettings(cameras=(), broker=BROKER)
    with pytest.raises(BadOption, match='two cameras are named "yard"'):
        CameraSettings(cameras=(spec(), spec()), broker=BROKER)
    with pytest.raises(BadOption, match='"yard" has no broker'):
        CameraSettings(cameras=(spec(),))


@given(
    fps=st.none() | st.floats(0.01, 1000),
    size=st.none() | st.tuples(st.integers(16, 5000), st.integers(16, 5000)),
    quality=st.integers(1, 100),
    loop=st.booleans(),
    pace=st.sampled_from(["fast", "realtime"]),
    max_lag=st.none() | st.floats(0.01, 3600),
)
def test_settings_travel_as_json_unchanged(**options: object) -> None:
    told = CameraSettings(
        cameras=(
            spec(
                **options,
                privacy_zones=(((0, 0), (200, 0), (200, 480)),),
                password_file=Path("secrets/yard"),
                broker=BROKER,
            ),
        ),
        broker=BROKER,
    )
    assert decode_settings(encode_settings(told)) == told


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "cannot be read"),
        (b"{}", "cameras"),
        (b'{"cameras": [{"name": "yard", "source": "demo:", "size": "1280by720"}]}', "size"),
        (b'{"cameras": [{"name": "yard", "source": "demo:", "frames": 3}]}', "frames"),
        (b'{"cameras": [{"name": "yard", "source": "demo:", "fps": 0}]}', "fps is 0"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_bad_settings_are_named(data: bytes, words: str) -> None:
    with pytest.raises(BadOption) as caught:
        decode_settings(data)
    assert words in str(caught.value)


def test_a_spec_never_shows_the_account_of_its_source() -> None:
    shown = repr(spec(source="rtsp://viewer:s3cret@192.0.2.7/live?token=s3cret"))
    assert "s3cret" not in shown
    assert "192.0.2.7/live" in shown


def ordered(camera: CameraSpec) -> str:
    """The source that the capture process would be told."""
    order = open_source(camera)._order  # type: ignore[attr-defined]
    return str(order.source)


def test_a_password_kept_elsewhere_is_put_into_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "password"
    kept.write_text("p@ss/word\n")
    url = "rtsp://viewer@192.0.2.7:8554/live?channel=1"
    assert ordered(spec(source=url, password_file=kept)) == (
        "rtsp://viewer:p%40ss%2Fword@192.0.2.7:8554/live?channel=1"
    )
    monkeypatch.setenv("YARD_PASSWORD", "s3cret")
    assert ordered(spec(source=url, password_env="YARD_PASSWORD")).startswith("rtsp://viewer:s3cret@")


def test_a_password_that_is_not_there_or_fits_nowhere_is_refused(tmp_path: Path) -> None:
    url = "rtsp://viewer@192.0.2.7/live"
    with pytest.raises(BadOption, match="cannot be read"):
        open_source(spec(source=url, password_file=tmp_path / "gone"))
    with pytest.raises(BadOption, match="NOWHERE_TO_BE_FOUND is not set"):
        open_source(spec(source=url, password_env="NOWHERE_TO_BE_FOUND"))
    kept = tmp_path / "password"
    kept.write_text("s3cret")
    for source in ("demo:", "rtsp://192.0.2.7/live", "rtsp://viewer:other@192.0.2.7/live"):
        with pytest.raises(BadSource) as caught:
            open_source(spec(source=source, password_file=kept))
        assert "s3cret" not in str(caught.value)
        assert "other" not in str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        spec().quality = 3  # type: ignore[misc]
    assert msgspec.structs.replace(spec(), quality=3).quality == 3
