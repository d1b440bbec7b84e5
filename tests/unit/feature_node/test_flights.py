"""The table of what is under way, and the clock that the results carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.features import Protection
from broker.results import RegionAnswer, Result
from feature_node.clock import ClockOffset
from feature_node.flights import Flight, Flights
from feature_node.intake import Item, key_of
from tests.unit.feature_node.fakes import BUNDLE, frame

STREAM = "a" * 20
ANSWERS = (RegionAnswer("cat", 0.5),)
spans = st.integers(0, 10**9)


def begin(flights: Flights, sequence: int = 0, *, picture: bool = False, **changes):
    sent = frame(sequence, captured_ns=10, **changes)
    flights.begin(Item(sent, 100, 20))
    flights.expect(
        key_of(sent),
        Flight(
            stream=STREAM, bundle=BUNDLE, started_ns=25, sent_ns=30, boxes=((0, 0, 8, 8),), bytes_cloud=90,
            protection=Protection("clip+int8"), picture=picture,
        ),
    )  # fmt: skip
    return key_of(sent)


def result(sequence: int = 0, regions: tuple[RegionAnswer, ...] = ANSWERS) -> Result:
    return Result(STREAM, 7, sequence, 10, 30, BUNDLE, regions, 0, 40, 50)


def test_a_place_is_taken_and_freed():
    freed = []
    flights = Flights(2, 60, lambda: freed.append(1))
    first, _ = begin(flights, 0), begin(flights, 1)
    assert not flights.has_room("yard")
    assert flights.has_room("door")
    assert first in flights
    facts = flights.end(first)
    assert facts is not None
    assert (facts.camera, facts.sequence, facts.bytes_private) == ("yard", 0, 100)
    assert flights.has_room("yard")
    assert flights.end(first) is None
    assert freed == [1]


def test_a_result_lands_once():
    flights = Flights(2, 60, lambda: None)
    begin(flights)
    facts, flight = flights.land(result())
    assert (facts.sequence, flight.bytes_cloud) == (0, 90)
    assert flights.land(result()) == "unexpected-result"
    assert len(flights) == 0


def test_a_picture_may_come_back_without_an_answer_and_numbers_may_not():
    flights = Flights(4, 60, lambda: None)
    begin(flights, 0, picture=True)
    begin(flights, 1)
    assert not isinstance(flights.land(result(0, ())), str)
    assert flights.land(result(1, ())) == "foreign-result"


def test_what_is_overdue_frees_its_place():
    flights = Flights(1, 0.0, lambda: None)
    begin(flights)
    (facts,) = flights.overdue()
    assert facts.sequence == 0
    assert flights.has_room("yard")
    assert flights.land(result()) == "unexpected-result"
    assert flights.overdue() == []


def test_a_frame_still_computed_is_never_overdue():
    flights = Flights(1, 0.0, lambda: None)
    flights.begin(Item(frame(), 100, 20))
    assert flights.overdue() == []


@given(
    offset=st.integers(-(10**12), 10**12),
    trips=st.lists(st.tuples(spans, spans, spans), min_size=1),
)
def test_the_offset_is_right_within_half_the_quickest_way(offset, trips):
    clock = ClockOffset()
    now = 10**15
    for there, work, back in trips:
        clock.add(now, now + there + offset, now + there + work + offset, now + there + work + back)
        now += 10**10
    quickest = min(there + back for there, _, back in trips[-64:])
    assert clock.seconds is not None
    assert abs(clock.seconds - offset / 1e9) <= quickest / 2e9 + 1e-6


def test_an_exchange_that_took_less_than_no_time_is_left_out():
    clock = ClockOffset()
    clock.add(100, 110, 400, 200)
    assert clock.seconds is None
    assert clock.seconds != pytest.approx(0)
