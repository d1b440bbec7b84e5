"""The network sees exactly what OpenCV's own preparation would show it, whatever memory is used again."""

import cv2
import numpy as np
import pytest

from feature_node.blob import Blob

SIZES = [((64, 48), (32, 32)), ((40, 30), (64, 32)), ((64, 32), (64, 32)), ((333, 77), (96, 64))]


def a_picture(width, height, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize(("picture_size", "size"), SIZES)
def test_it_is_what_opencv_prepares(picture_size, size):
    picture = a_picture(*picture_size, seed=1)
    assert np.array_equal(Blob().of(picture, size), cv2.dnn.blobFromImage(picture, size=size, swapRB=True))


def test_nothing_of_the_picture_before_remains():
    blob = Blob()
    for seed, (picture_size, size) in enumerate(SIZES * 2):
        picture = a_picture(*picture_size, seed=seed)
        expected = cv2.dnn.blobFromImage(picture, size=size, swapRB=True)
        assert np.array_equal(blob.of(picture, size), expected)


def test_the_same_size_uses_the_same_memory():
    blob = Blob()
    first = blob.of(a_picture(64, 48, seed=1), (32, 32))
    assert np.shares_memory(first, blob.of(a_picture(80, 60, seed=2), (32, 32)))


def test_a_part_of_a_larger_picture_can_be_taken():
    whole = a_picture(64, 48, seed=1)
    part = whole[8:40, 10:50]
    assert np.array_equal(Blob().of(part, (32, 32)), Blob().of(np.ascontiguousarray(part), (32, 32)))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 3), np.float64),
        np.zeros((0, 64, 3), np.uint8),
    ],
)
def test_another_kind_of_picture_is_refused(picture):
    with pytest.raises((ValueError, TypeError, cv2.error)):
        Blob().of(picture, (32, 32))
