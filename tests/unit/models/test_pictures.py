"""A face's window is cut the same way by the edge and the lab, past the picture's edge too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadPayload, BadRegions
from models.manifest import RegionSpec
from models.pictures import cut, decode_picture, encode_picture, face_window, jpeg_size, normalise
from tests.unit.models.made import PLAIN

FACE = RegionSpec("face", 0.0)


def test_margins_are_shares_of_the_boxs_own_sides() -> None:
    assert face_window((100, 50, 40, 80), 0.25) == (90, 30, 60, 120)
    assert face_window((100, 50, 40, 80), 0.0) == (100, 50, 40, 80)


def test_the_window_alone_is_seen() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[10:30, 20:40] = (10, 200, 30)
    assert (cut(picture, (20, 10, 20, 20), FACE, PLAIN) == (10, 200, 30)).all()


def test_what_lies_past_the_edge_repeats_it() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :1] = 255
    assert (cut(picture, (-15, 0, 16, 16), FACE, PLAIN) == 255).all()


@given(box=st.tuples(*[st.integers(-80, 120)] * 2, *[st.integers(0, 90)] * 2), margin=st.floats(0, 2))
@settings(deadline=None)
def test_any_box_gives_a_region_of_the_inputs_size_or_is_refused(box, margin: float) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    try:
        region = cut(picture, box, RegionSpec("face", margin), PLAIN)
    except BadRegions:
        x, y, width, height = face_window(box, margin)
        assert x >= 60 or y >= 40 or x + width <= 0 or y + height <= 0
        return
    assert region.shape == PLAIN.shape
    assert region.dtype == np.uint8


def test_whole_is_the_whole_picture() -> None:
    picture = np.full((40, 60, 3), 7, np.uint8)
    assert (cut(picture, (0, 0, 0, 0), RegionSpec("whole"), PLAIN) == 7).all()


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 4), (0, 60, 3)])
def test_what_is_not_rgb_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadRegions):
        cut(np.zeros(shape, np.uint8), (0, 0, 1, 1), FACE, PLAIN)


def test_normalised_as_the_manifest_says() -> None:
    regions = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(8, 1).repeat(8, 2).repeat(3, 3)
    numbers = normalise(regions, PLAIN)
    assert numbers.shape == (2, 3, 8, 8)
    assert np.allclose(numbers[0], -2.0)
    assert np.allclose(numbers[1], 2.0)


def test_colours_keep_their_order_through_a_jpeg() -> None:
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[..., 0] = 250
    decoded = decode_picture(encode_picture(picture), PLAIN)
    assert decoded[4, 4, 0] > 200
    assert decoded[4, 4, 2] < 50


def test_the_size_is_known_before_a_pixel_is_decoded() -> None:
    assert jpeg_size(encode_picture(np.zeros((33, 71, 3), np.uint8))) == (71, 33)


def test_a_picture_that_claims_too_many_pixels_is_not_decoded() -> None:
    jpeg = encode_picture(np.zeros((33, 71, 3), np.uint8))
    place = jpeg.index(b"\xff\xc0") + 5
    huge = jpeg[:place] + b"\xff\xff\xff\xff" + jpeg[place + 4 :]
    with pytest.raises(BadPayload, match="65535"):
        decode_picture(huge, PLAIN)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadPayload):
        decode_picture(data, PLAIN)
