"""A detection is spared only while nothing has changed."""

import numpy as np
import pytest

from feature_node.box import Box
from feature_node.errors import DetectorError
from feature_node.watch import Watch
from tests.unit.feature_node.fakes import FixedDetector, frame, jpeg, running

STREAM = ("yard", 1)
MS = 1_000_000


def scene(face_at: int | None = None, level: int = 100) -> np.ndarray:
    picture = np.full((360, 640, 3), level, np.uint8)
    if face_at is not None:
        picture[100:130, face_at : face_at + 24] = 180
    return picture


def test_without_sparing_every_picture_is_looked_at():
    watch = Watch(1)
    assert [watch.unchanged_since(STREAM, n * MS, scene()) for n in range(1, 5)] == [None] * 4


def test_an_unchanged_picture_is_looked_at_every_so_many_frames():
    watch = Watch(3)
    seen = [watch.unchanged_since(STREAM, n * MS, scene()) for n in range(1, 8)]
    assert seen == [None, MS, MS, None, 4 * MS, 4 * MS, None]


@pytest.mark.parametrize("change", [scene(face_at=300), scene(level=120), np.zeros((180, 320, 3), np.uint8)])
def test_a_new_face_more_light_or_another_size_is_looked_at_at_once(change):
    watch = Watch(100)
    watch.unchanged_since(STREAM, MS, scene())
    assert watch.unchanged_since(STREAM, 2 * MS, change) is None
    assert watch.unchanged_since(STREAM, 3 * MS, change) == 2 * MS


def test_noise_of_the_sensor_is_no_change():
    watch = Watch(100)
    noise = np.random.default_rng(0).normal(0, 4, (360, 640, 3))
    watch.unchanged_since(STREAM, MS, scene())
    assert watch.unchanged_since(STREAM, 2 * MS, (scene() + noise).astype(np.uint8)) == MS


def test_a_slow_change_adds_up():
    watch = Watch(1000)
    steps = [watch.unchanged_since(STREAM, n * MS, scene(level=100 + n)) for n in range(1, 12)]
    assert steps.count(None) == 2


def test_an_older_picture_is_always_looked_at():
    watch = Watch(100)
    watch.unchanged_since(STREAM, 5 * MS, scene())
    assert watch.unchanged_since(STREAM, 4 * MS, scene()) is None


def test_cameras_do_not_vouch_for_each_other():
    watch = Watch(100)
    watch.unchanged_since(STREAM, MS, scene())
    assert watch.unchanged_since(("door", 1), 2 * MS, scene()) is None


async def test_a_spared_frame_has_the_faces_of_the_one_it_equals():
    looks = []

    def detect(picture):
        looks.append(1)
        return (Box(8, 8, 16, 16),)

    # One worker: pictures looked at side by side come in no order, and an older one is always looked at.
    async with running(detector=FixedDetector(detect), detect_every=4, workers=1) as (bench, send):
        for number in range(8):
            await send(frame(number, captured_ns=(number + 1) * 40 * MS))
        answers = await bench.answered(8)
        assert [region.box for answer in answers for region in answer.regions] == [(8, 8, 16, 16)] * 8
        assert len(looks) == 2


async def test_a_failed_detection_vouches_for_no_later_frame():
    def detect(picture):
        raise DetectorError("broken")

    async with running(detector=FixedDetector(detect), detect_every=100) as (bench, send):
        for number in range(4):
            await send(frame(number, captured_ns=(number + 1) * 40 * MS, jpeg=jpeg()))
        answers = await bench.answered(4)
        assert {answer.reason for answer in answers} == {"detector-failed"}
        assert not bench.cloud.published
