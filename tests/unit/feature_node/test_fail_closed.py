"""Whatever fails on a frame's way, nothing of it reaches the cloud, and its camera is told."""

import asyncio

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.gate import ReleaseContract
from feature_node.box import Box
from feature_node.errors import DetectorError, ExtractorError
from feature_node.extractor import Censored, Embedded
from tests.unit.feature_node.fakes import (
    BUNDLE,
    HEIGHT,
    WIDTH,
    FixedDetector,
    FixedExtractor,
    frame,
    jpeg,
    running,
)


def raising(error: BaseException):
    def act(*_):
        raise error

    return act


def numbers(array: np.ndarray):
    return FixedExtractor(lambda boxes: Embedded(array, boxes))


FAULTS = {
    "detector-failed": {"detector": FixedDetector(raising(DetectorError("broken")))},
    "extractor-failed": {"extractor": FixedExtractor(raising(ExtractorError("broken")))},
    "internal-error": {"detector": FixedDetector(raising(ZeroDivisionError()))},
    "gate-over-ceiling": {
        "contract": ReleaseContract(kind="embedding", bundle=BUNDLE, mechanism="clip+int8", max_bytes=20)
    },
    "gate-wrong-bundle": {
        "contract": ReleaseContract(kind="embedding", bundle="f" * 16, mechanism="clip+int8")
    },
    "gate-wrong-protection": {
        "contract": ReleaseContract(kind="embedding", bundle=BUNDLE, mechanism="laplace")
    },
    "gate-wrong-length": {
        "contract": ReleaseContract(kind="embedding", bundle=BUNDLE, mechanism="clip+int8", region_bytes=5)
    },
    "gate-too-many-regions": {
        "contract": ReleaseContract(kind="embedding", bundle=BUNDLE, mechanism="clip+int8", max_regions=0)
    },
}


@pytest.mark.parametrize(("reason", "fault"), FAULTS.items(), ids=FAULTS.keys())
async def test_nothing_leaves_when_a_step_fails(reason, fault):
    async with running(**fault) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason, answer.bytes_cloud) == ("refused", reason, 0)
        assert not bench.cloud.published
        assert bench.tally.counts == {"yard": {reason: 1}}
        assert bench.tally.refusing == f"yard: {reason}"


@pytest.mark.parametrize(
    "array",
    [
        np.full((1, 4), np.nan, np.float32),
        np.full((1, 4), np.inf, np.float32),
        np.zeros((1, 5), np.float32),
        np.zeros((2, 4), np.float32),
        np.zeros((1, 2, 2), np.float32),
        np.zeros((), np.float32),
    ],
    ids=["nan", "inf", "too-long", "one-too-many", "other-shape", "scalar"],
)
async def test_numbers_that_are_not_as_promised_do_not_leave(array):
    async with running(extractor=numbers(array)) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert answer.outcome == "refused"
        assert not bench.cloud.published


async def test_a_picture_from_an_embedding_extractor_does_not_leave():
    picture = FixedExtractor(lambda boxes: Censored(jpeg(), boxes))
    async with running(extractor=picture) as (bench, send):
        await send(frame())
        (answer,) = await bench.answered(1)
        assert answer.reason == "extractor-failed"
        assert not bench.cloud.published


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        jpeg()[:-20],
        jpeg()[:200],
        jpeg(WIDTH + 8, HEIGHT),
        b"GIF89a" + bytes(100),
        jpeg()[:2] + bytes(500),
    ],
    ids=["one-byte", "no-end", "cut", "other-size", "other-format", "zeros"],
)
async def test_a_picture_that_is_not_what_it_says_is_refused(data):
    async with running() as (bench, send):
        await send(frame(jpeg=data))
        (answer,) = await bench.answered(1)
        assert (answer.outcome, answer.reason) == ("refused", "bad-picture")
        assert not bench.cloud.published
        assert bench.tally.refusing == "", "the node itself is sound"


async def test_the_frame_after_a_failed_one_goes_through():
    broken = {0}

    def detect(picture):
        if broken:
            broken.clear()
            raise DetectorError("once")
        return (Box(8, 8, 16, 16),)

    async with running(detector=FixedDetector(detect), workers=1) as (bench, send):
        await send(frame(0))
        await send(frame(1))
        answers = await bench.answered(2)
        assert [answer.outcome for answer in answers] == ["refused", "answered"]
        assert bench.tally.refusing == ""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(
        st.sampled_from(["fine", "detector", "extractor", "nan", "picture"]), min_size=1, max_size=8
    )
)
def test_exactly_the_sound_frames_leave(faults):
    asyncio.run(_exactly_the_sound_frames_leave(faults))


async def _exactly_the_sound_frames_leave(faults):
    # The value of the picture's pixels tells the fakes what to do with it.
    value = {name: 20 + 50 * i for i, name in enumerate(["fine", "detector", "extractor", "nan", "picture"])}

    def wanted(name, seen):
        return abs(int(seen) - value[name]) < 10

    def detect(picture):
        if wanted("detector", picture[0, 0, 0]):
            raise DetectorError("told to")
        return (Box(8, 8, 16, 16, float(picture[0, 0, 0])),)

    class Extracting:
        profile = FixedExtractor().profile

        async def extract(self, picture, faces):
            if wanted("extractor", picture[0, 0, 0]):
                raise RuntimeError("told to")
            fill = np.nan if wanted("nan", picture[0, 0, 0]) else 0.5
            return Embedded(np.full((1, 4), fill, np.float32), ((8, 8, 16, 16),))

    async with running(detector=FixedDetector(detect), extractor=Extracting()) as (bench, send):
        for number, fault in enumerate(faults):
            data = jpeg(value=value[fault])
            await send(frame(number, jpeg=data[:-30] if fault == "picture" else data))
        answers = await bench.answered(len(faults))
        sound = {number for number, fault in enumerate(faults) if fault == "fine"}
        assert {features.sequence for features in bench.crossed} == sound
        assert {answer.sequence for answer in answers if answer.outcome == "answered"} == sound
        assert len(answers) == len(faults)
