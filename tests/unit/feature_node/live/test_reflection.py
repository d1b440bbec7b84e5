"""Both pictures of a frame: made of what really left, of the same size, and of nothing else."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from broker.features import Features, Protection, encode_features
from feature_node.live.reflection import BACKGROUND, MOST_SIDE, Left, Reflector
from models.errors import BadPayload
from models.quantise import quantise
from tests.unit.feature_node.fakes import jpeg
from tests.unit.models import made, mirrored

WIDTH, HEIGHT = 64, 48
BOX = (16, 8, 24, 32)


def left(*payloads: bytes, kind: str = "embedding", **changes: object) -> Left:
    features = Features(
        "abcdefghij234567abcd",
        7,
        3,
        1,
        2,
        "0123456789abcdef",
        kind,
        payloads,
        Protection("clip+int8"),  # type: ignore[arg-type]
    )
    plain = Left(
        7, 3, jpeg(WIDTH, HEIGHT), (WIDTH, HEIGHT), encode_features(features), (BOX,) * len(payloads)
    )
    return plain._replace(**changes)


def pixels(data: bytes | None) -> np.ndarray:
    assert data is not None
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return mirrored.bundle(tmp_path / "tiny")


PAYLOAD = quantise(np.array([[4, -2, 0, 1]], np.float32), made.INT8)[0]


def test_the_numbers_are_those_that_crossed(bundle: Path) -> None:
    (region,) = Reflector(bundle, faces=True).reflect(left(PAYLOAD)).regions
    assert region.numbers == tuple(np.frombuffer(PAYLOAD, np.int8))
    assert (region.count, region.largest) == (4, pytest.approx(made.INT8.clip / made.INT8.scale))
    assert region.box == (16 / WIDTH, 8 / HEIGHT, 24 / WIDTH, 32 / HEIGHT)


def test_the_house_sees_its_picture_and_the_cloud_a_drawing_on_a_flat_ground(bundle: Path) -> None:
    sent = left(PAYLOAD)
    found = Reflector(bundle, faces=True).reflect(sent)
    assert found.house == sent.jpeg
    drawn = pixels(found.cloud)
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(drawn[:, 56:].astype(int) - BACKGROUND).max() <= 3
    assert np.abs(drawn[10:38, 18:38].astype(int) - BACKGROUND).max() > 20
    assert found.ssim is not None
    assert found.floor is not None
    assert -1 <= found.ssim <= 1
    assert found.why == ""


def test_the_drawing_tells_of_the_numbers_alone(bundle: Path) -> None:
    """Another picture behind the same payload is drawn the same."""
    reflector = Reflector(bundle, faces=True)
    dark, light = (reflector.reflect(left(PAYLOAD, jpeg=jpeg(WIDTH, HEIGHT, v))) for v in (10, 240))
    assert dark.cloud == light.cloud
    other = quantise(np.array([[-4, 2, 3, -1]], np.float32), made.INT8)[0]
    assert reflector.reflect(left(other)).cloud != dark.cloud


def test_a_whole_frame_is_drawn_over_the_whole(bundle: Path) -> None:
    found = Reflector(bundle, faces=False).reflect(left(PAYLOAD, boxes=((0, 0, WIDTH, HEIGHT),)))
    drawn = pixels(found.cloud)
    assert drawn[:4, :4].std() + drawn[-4:, -4:].std() > 5


@pytest.mark.parametrize("box", [(-20, -20, 30, 30), (60, 40, 4, 8), (0, 0, 1, 1), (63, 47, 1, 1)])
def test_regions_at_the_edge_are_drawn_as_far_as_they_reach(
    bundle: Path, box: tuple[int, int, int, int]
) -> None:
    found = Reflector(bundle, faces=True).reflect(left(PAYLOAD, boxes=(box,)))
    assert pixels(found.cloud).shape == (HEIGHT, WIDTH, 3)


def test_without_regions_the_cloud_sees_nothing(bundle: Path) -> None:
    found = Reflector(bundle, faces=True).reflect(left())
    assert np.abs(pixels(found.cloud).astype(int) - BACKGROUND).max() <= 2
    assert (found.ssim, found.floor, found.regions) == (None, None, ())


def test_a_bundle_without_a_mirror_shows_numbers_and_says_what_would_show_more(tmp_path: Path) -> None:
    found = Reflector(made.bundle(tmp_path / "tiny"), faces=True).reflect(left(PAYLOAD))
    assert found.cloud is None
    assert "penumbra lab mirror" in found.why
    assert len(found.regions) == 1


def test_of_a_shaded_picture_the_cloud_sees_that_very_picture() -> None:
    shaded = jpeg(WIDTH, HEIGHT, 77)
    found = Reflector(None, faces=True).reflect(left(shaded, kind="picture"))
    assert found.cloud == shaded
    assert found.picture
    assert len(found.regions) == 1
    assert found.regions[0].numbers == ()


def test_large_pictures_are_shown_smaller_and_both_alike(bundle: Path) -> None:
    size = (2 * MOST_SIDE, MOST_SIDE)
    found = Reflector(bundle, faces=True).reflect(left(PAYLOAD, jpeg=jpeg(*size), size=size))
    assert pixels(found.house).shape == pixels(found.cloud).shape == (MOST_SIDE // 2, MOST_SIDE, 3)


def test_a_region_that_cannot_be_drawn_leaves_the_houses_picture_and_says_so(bundle: Path) -> None:
    found = Reflector(bundle, faces=True).reflect(left(PAYLOAD, boxes=((200, 200, 8, 8),)))
    assert found.cloud is None
    assert found.why.startswith("this frame cannot be drawn: ")
    assert len(found.regions) == 1


def test_bytes_that_no_edge_has_made_are_refused(bundle: Path) -> None:
    with pytest.raises(BadPayload):
        Reflector(bundle, faces=True).reflect(left(b"12345"))
