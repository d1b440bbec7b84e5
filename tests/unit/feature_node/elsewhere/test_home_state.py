"""What Home Assistant is told of an answer."""

from broker.answers import AnswerRegion
from broker.bounds import MAX_HOME_LABELS, MAX_LABEL
from broker.home_messages import encode_home_state
from broker.home_topics import HOME_STATES
from feature_node.elsewhere.home_state import home_state, says_the_same
from tests.unit.broker.messages import NOW_NS, an_answer


def regions(*pairs: tuple[str, float]) -> tuple[AnswerRegion, ...]:
    return tuple(AnswerRegion((0, 0, 9, 9), label, score) for label, score in pairs)


def test_the_surest_region_speaks_for_the_picture() -> None:
    found = home_state(an_answer(regions=regions(("man", 0.7), ("woman", 0.91239), ("man", 0.9)), task="who"))
    assert (found.answer, found.confidence, found.regions) == ("woman", 0.9124, 3)
    assert found.labels == {"man": 2, "woman": 1}
    assert (found.task, found.captured_ns) == ("who", NOW_NS)


def test_nothing_seen_and_held_back_are_two_things() -> None:
    nothing = home_state(an_answer())
    assert (nothing.answer, nothing.confidence, nothing.reason) == ("nothing", None, "")
    held = home_state(an_answer(outcome="refused", reason="budget-spent", regions=regions(("man", 0.9))))
    assert (held.answer, held.confidence, held.reason) == (None, None, "budget-spent")


def test_a_crowd_of_long_labels_still_fits() -> None:
    crowd = home_state(an_answer(regions=regions(*((f"{n}-" + "é" * 80, 0.5) for n in range(256)))))
    assert len(crowd.labels) == MAX_HOME_LABELS
    assert all(len(label) <= MAX_LABEL for label in crowd.labels)
    assert len(encode_home_state(crowd)) < HOME_STATES.max_bytes


def test_only_what_a_person_reads_is_a_change() -> None:
    first = home_state(an_answer(regions=regions(("man", 0.901))))
    assert says_the_same(
        first, home_state(an_answer(regions=regions(("man", 0.899)), captured_ns=NOW_NS + 1))
    )
    for other in (
        regions(("man", 0.95)),
        regions(("woman", 0.901)),
        regions(("man", 0.901), ("man", 0.5)),
        (),
    ):
        assert not says_the_same(first, home_state(an_answer(regions=other)))
    assert not says_the_same(first, None)
