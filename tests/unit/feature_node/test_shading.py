"""Shading leaves nothing of what was in a box, and touches nothing far from it."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_node.box import Box, grow, inside, overlap, to_pixels
from feature_node.extractor import Faces
from feature_node.extractor_shade import ShadeExtractor, ShadeOptions, shade_profile
from feature_node.shading import CELLS, shade
from feature_node.threads import Threads

BOXES = [(40, 30, 50, 60), (0, 0, 20, 20), (150, 100, 10, 20), (7, 9, 1, 1), (0, 0, 160, 120)]
STYLES = ["solid", "blur", "mosaic"]
NOISE = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", ["box", "ellipse"])
@pytest.mark.parametrize(
    "box", [(40, 30, 50, 60), (0, 0, 20, 20), (150, 100, 10, 20), (7, 9, 1, 1), (0, 0, 160, 120)]
)
def test_every_pixel_of_the_box_loses_its_detail(style, shape, box):
    x, y, width, height = box
    region = np.s_[y : y + height, x : x + width]
    one = shade(NOISE, [box], style, shape)
    if style == "solid":
        assert (one[region] == one[y, x]).all()
    # What remains depends on the coarse averages alone: at most so many colours of a mosaic.
    if style == "mosaic" and shape == "box":
        assert len(np.unique(one[region].reshape(-1, 3), axis=0)) <= CELLS**2
    if width >= 16 and height >= 16:
        correlation = np.corrcoef(one[region].ravel(), NOISE[region].ravel())[0, 1] if style != "solid" else 0
        assert abs(correlation) < 0.35


@pytest.mark.parametrize("shape", ["box", "ellipse"])
def test_pixels_far_away_stay(shape):
    shaded = shade(NOISE, [(60, 40, 20, 20)], "mosaic", shape)
    changed = (shaded != NOISE).any(axis=2)
    assert not changed[:30].any()
    assert not changed[:, :50].any()
    assert not changed[72:].any()
    assert changed[40:60, 60:80].mean() > 0.99


def test_the_picture_itself_stays_as_it_is():
    before = NOISE.copy()
    shade(NOISE, [(10, 10, 50, 50)], "solid", "box")
    assert (before == NOISE).all()


sides = st.floats(0.1, 400)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("shape", ["box", "ellipse"])
@given(corner=st.tuples(st.floats(-300, 300), st.floats(-300, 300)), size=st.tuples(sides, sides))
def test_any_box_that_touches_the_picture_is_covered(style, shape, corner, size):
    (x, y), (width, height) = corner, size
    boxes = inside([Box(x, y, width, height)], 160, 120)
    shaded = shade(np.full((120, 160, 3), 255, np.uint8), boxes, style, shape)
    assert shaded.shape == (120, 160, 3)
    for left, top, wide, high in boxes:
        assert left <= max(0, x)
        assert top <= max(0, y)
        assert left + wide >= min(160, x + width)
        assert top + high >= min(120, y + height)
        if style == "solid":
            assert (shaded[top : top + high, left : left + wide] < 128).all()


async def test_the_shaded_picture_carries_nothing_but_pixels():
    face, held = Box(20, 20, 30, 40), Box(100, 60, 20, 20)
    async with Threads(1) as threads:
        extractor = ShadeExtractor(shade_profile(), ShadeOptions(), threads)
        made = await extractor.extract(NOISE, Faces((face,), (face, held)))
    assert b"Exif" not in made.jpeg
    decoded = cv2.imdecode(np.frombuffer(made.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == NOISE.shape
    for box in (face, held):
        x, y, width, height = to_pixels(grow(box, 0.3), 160, 120)
        inner = decoded[y + 8 : y + height - 8, x + 8 : x + width - 8].astype(int)
        assert np.abs(inner - 48).max() < 30, "found and held faces are dark"


def test_growing_and_overlap():
    assert grow(Box(10, 20, 10, 20), 0.5) == Box(5, 10, 20, 40)
    assert overlap(Box(0, 0, 10, 10), Box(0, 0, 10, 10)) == 1
    assert overlap(Box(0, 0, 10, 10), Box(10, 0, 10, 10)) == 0
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == 0
    assert inside([Box(-50, 0, 20, 20), Box(300, 0, 5, 5)], 160, 120) == ()
