"""Scores are those of the definitions; none of the published mistakes is in them."""

import numpy as np
import pytest

from privacy_lab.attacks.scores import score
from privacy_lab.errors import BadImages
from tests.unit.privacy_lab.attacks.planted import wrapped_psnr


def test_wrapped_differences_give_27_9_decibels_whatever_the_pictures_and_ours_do_not() -> None:
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    y = random.integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    assert wrapped_psnr(x, y) == pytest.approx(27.9, abs=0.1)
    ours = score(x / 255, y / 255)
    true = np.square(x.astype(float) - y.astype(float)).mean(axis=(1, 2, 3))
    assert ours.psnr == pytest.approx(10 * np.log10(255**2 / true))
    assert float(ours.psnr.max()) < 8.0


def test_an_error_of_3922_squared_grey_levels_is_12_2_decibels() -> None:
    x = np.full((1, 8, 8, 3), 0.9)
    assert score(x, x - np.sqrt(3922) / 255).psnr[0] == pytest.approx(12.2, abs=0.01)


def test_the_peak_of_pictures_in_0_to_1_is_1() -> None:
    x = np.full((1, 8, 8, 3), 0.5)
    scores = score(x, x + 0.1)
    assert scores.mse[0] == pytest.approx(0.01)
    assert scores.psnr[0] == pytest.approx(20.0)  # a peak of 255 would add 48 dB


def test_structural_similarity_takes_a_range_of_1() -> None:
    random = np.random.default_rng(1)
    x, y = random.uniform(size=(2, 3, 16, 16, 3))
    # With a range of 255 the stabilising constants would drown both pictures, and anything would be alike.
    assert float(score(x, y).ssim.max()) < 0.3
    assert score(x, x).ssim == pytest.approx(1.0)


def test_equal_pictures_have_a_finite_ratio() -> None:
    x = np.zeros((1, 7, 9, 3), np.float32)
    scores = score(x, x)
    assert (scores.mse[0], scores.psnr[0], scores.ssim[0]) == (0.0, 100.0, 1.0)


def test_every_score_is_in_float64_and_of_one_picture() -> None:
    x = np.random.default_rng(2).uniform(size=(3, 7, 8, 3)).astype(np.float32)
    y = x.copy()
    y[1] = 0
    scores = score(x, y)
    assert {values.dtype for values in (scores.mse, scores.psnr, scores.ssim)} == {np.dtype(np.float64)}
    assert [value == 100.0 for value in scores.psnr] == [True, False, True]


@pytest.mark.parametrize(
    ("shape", "value", "dtype", "what"),
    [
        ((1, 8, 8, 3), 7, np.uint8, "uint8"),
        ((1, 8, 8, 3), 1.01, np.float32, "outside"),
        ((1, 8, 8, 3), np.nan, np.float32, "outside"),
        ((1, 6, 8, 3), 0.5, np.float32, "at least 7"),
        ((1, 3, 8, 8), 0.5, np.float32, "shape"),
        ((2, 8, 8, 3), 0.5, np.float32, "against"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    shape: tuple[int, ...], value: float, dtype: type, what: str
) -> None:
    with pytest.raises(BadImages, match=what):
        score(np.zeros((1, 8, 8, 3)), np.full(shape, value, dtype))
