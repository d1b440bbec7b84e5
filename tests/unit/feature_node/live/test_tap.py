"""The edge lets a page look on while somebody watches, and asks it for nothing while nobody does."""

from typing import final

import pytest

from broker.answers import Answer
from broker.features import decode_features
from broker.frames import Frame
from feature_node.way import Released
from tests.unit.feature_node.fakes import FixedDetector, frame, running


@final
class Onlooker:
    """Keeps what it is shown."""

    def __init__(self, watched: bool) -> None:
        self.watched = watched
        self.seen: list[tuple[Frame, Released]] = []
        self.told: list[Answer] = []

    def left(self, frame: Frame, released: Released) -> None:
        self.seen.append((frame, released))

    def answered(self, answer: Answer) -> None:
        self.told.append(answer)


async def test_it_sees_the_frame_what_was_sealed_of_it_and_the_answer() -> None:
    onlooker = Onlooker(watched=True)
    async with running(tap=onlooker) as (bench, send):
        sent = frame(3)
        await send(sent)
        (answer,) = await bench.answered(1)
    ((seen, released),) = onlooker.seen
    assert seen == sent
    assert [decode_features(released.sealed.wire)] == bench.crossed
    assert released.boxes == (answer.regions[0].box,)
    assert onlooker.told == [answer]


async def test_of_a_frame_that_is_held_back_it_is_told_the_reason_and_shown_nothing() -> None:
    def fails(_: object) -> tuple[()]:
        raise RuntimeError("no")

    onlooker = Onlooker(watched=True)
    async with running(tap=onlooker, detector=FixedDetector(fails)) as (bench, send):
        await send(frame())
        await bench.answered(1)
    assert onlooker.seen == []
    assert [answer.outcome for answer in onlooker.told] == ["refused"]


@pytest.mark.parametrize("frames", [1, 3])
async def test_while_nobody_watches_it_is_asked_for_nothing(frames: int) -> None:
    onlooker = Onlooker(watched=False)
    async with running(tap=onlooker) as (bench, send):
        for sequence in range(frames):
            await send(frame(sequence))
        await bench.answered(frames)
    assert (onlooker.seen, onlooker.told) == ([], [])
