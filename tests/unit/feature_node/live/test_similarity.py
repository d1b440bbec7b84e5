"""The edge's own structural similarity is the lab's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from feature_node.live.similarity import similarity


def reference(first: np.ndarray, second: np.ndarray) -> float:
    return float(
        structural_similarity(first / 255, second / 255, win_size=7, data_range=1.0, channel_axis=-1)
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(7, 40), width=st.integers(7, 40))
def test_it_agrees_with_scikit_image(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    first = random.integers(0, 256, (height, width, 3), np.uint8)
    near = np.clip(first.astype(int) + random.integers(-30, 31, first.shape), 0, 255).astype(np.uint8)
    for second in (near, random.integers(0, 256, first.shape, np.uint8), np.full_like(first, 128), first):
        assert similarity(first, second) == pytest.approx(reference(first, second), abs=1e-9)


def test_a_picture_is_wholly_like_itself_and_pictures_of_other_sizes_do_not_compare() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    assert similarity(picture, picture) == pytest.approx(1.0)
    assert similarity(picture, picture[:8]) is None
    assert similarity(picture[:6], picture[:6]) is None
