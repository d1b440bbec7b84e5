"""Which answers a webhook hears of."""

import pytest

from broker.answers import Answer, AnswerRegion
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_choice import CAMERAS, Choice
from tests.unit.broker.messages import an_answer


def choice(**fields: object) -> Choice:
    return Choice(WebhookSettings(url="https://example.org/x", **fields))  # type: ignore[arg-type]


def seen(*labels: str, score: float = 0.9, camera: str = "front", **fields: object) -> Answer:
    regions = tuple(AnswerRegion((0, 0, 9, 9), label, score) for label in labels)
    return an_answer(camera=camera, regions=regions, **fields)


def test_every_answer_is_every_answer() -> None:
    every = choice(on="every")
    assert [every.takes(answer) for answer in (seen(), seen(), seen("man"), seen("man"))] == [True] * 4


def test_a_change_is_another_set_of_labels_on_the_same_camera() -> None:
    changes = choice()
    answers = [
        (seen("man"), True),
        (seen("man", score=0.7), False),
        (seen("man", camera="yard"), True),
        (seen("man", "woman"), True),
        (seen("woman", "man"), False),
        (seen(), True),
        (seen(), False),
        (seen(outcome="refused", reason="budget-spent"), True),
        (seen(outcome="refused", reason="budget-spent"), False),
        (seen(outcome="refused", reason="cloud-timeout"), True),
        (seen("man"), True),
    ]
    assert [changes.takes(answer) for answer, _ in answers] == [expected for _, expected in answers]


def test_with_labels_and_a_least_score_nothing_else_counts() -> None:
    picky = choice(labels=("woman",), min_confidence=0.8)
    answers = [
        (seen("man"), False),
        (seen("woman", score=0.79), False),
        (seen("woman", "man", score=0.8), True),
        (seen("woman"), False),  # the man has gone, which nobody asked for
        (seen(), False),
        (seen("woman"), True),  # she has come again
        (seen("woman", outcome="refused", reason="x"), True),
    ]
    assert [picky.takes(answer) for answer, _ in answers] == [expected for _, expected in answers]


@pytest.mark.parametrize("on", ["changes", "every"])
def test_other_cameras_are_not_heard_of(on: str) -> None:
    one = choice(cameras=("front",), on=on)
    assert not one.takes(seen("man", camera="yard"))
    assert one.takes(seen("man"))


def test_what_is_remembered_is_bounded() -> None:
    changes = choice()
    for number in range(CAMERAS + 1):
        assert changes.takes(seen(camera=f"c{number}"))
    assert len(changes._last) == CAMERAS
    assert changes.takes(seen(camera="c0"))  # forgotten, so new again
