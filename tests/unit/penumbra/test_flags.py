from pathlib import Path

import pytest

from penumbra.errors import ConfigError
from penumbra.flags import CameraFlags, camera_names, edge_keys, read_zone, spread_keys
from penumbra.options import ExtractorName, ShadeName
from penumbra.replay_command import file_names


def test_without_flags_there_is_the_demo() -> None:
    (entry,) = CameraFlags().cameras().items()
    assert entry[0] == "demo"
    assert entry[1]["source"] == "demo:"


def test_sources_get_names_of_their_own() -> None:
    assert camera_names(["demo:", "rtsp://x", "0", "demo"]) == ["demo", "camera", "camera-2", "demo-2"]
    assert list(CameraFlags(sources=["a", "b"], names=["x", "y"]).cameras()) == ["x", "y"]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (CameraFlags(sources=["a", "b"], names=["x"]), "1 given for 2 sources"),
        (CameraFlags(sources=["a", "b"], names=["x", "x"]), '"x" is given twice'),
        (CameraFlags(zones=["0,0 1,1"]), "is not a zone"),
        (CameraFlags(zones=["a,b c,d e,f"]), "is not a zone"),
        (CameraFlags(zones=["0,0 1,1 -1,2"]), "is not a zone"),
    ],
)
def test_what_cannot_be_meant_is_refused(flags: CameraFlags, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        flags.cameras()


def test_a_zone_is_read() -> None:
    assert read_zone("0,0 200,0  200,480") == [[0, 0], [200, 0], [200, 480]]


def test_a_style_of_shading_chooses_to_shade() -> None:
    assert edge_keys(None, None, None, ShadeName.BLUR, None)["extractor"] == "shade"
    assert edge_keys("x", None, None, ShadeName.BLUR, None)["extractor"] is None


def test_file_names_become_valid_camera_names_each_different() -> None:
    files = ["/a/Holiday 2024.MP4", "/b/holiday-2024.mkv", "日本.mp4", "x" * 99 + ".avi"]
    assert file_names(files) == ["holiday-2024", "holiday-2024-2", "clip", "x" * 48]


def test_what_helpers_may_rebuild_is_said_only_where_something_is_spread() -> None:
    spread = ExtractorName.DISTRIBUTED
    assert spread_keys(None, spread, 0.7, 2) == {"distributed": {"max_ssim": 0.7, "colluding": 2}}
    assert spread_keys(Path("p.yaml"), None, None, 2)["distributed"]["colluding"] == 2
    for config, extractor in (
        (None, None),
        (None, ExtractorName.BUNDLE),
        (Path("p.yaml"), ExtractorName.SHADE),
    ):
        with pytest.raises(ConfigError, match=r"--colluding: .*--extractor distributed"):
            spread_keys(config, extractor, None, 2)
        assert spread_keys(config, extractor, None, None) == {
            "distributed": {"max_ssim": None, "colluding": None}
        }
