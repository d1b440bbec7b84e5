"""A region that has not changed is answered with the value released before; what changed is drawn afresh."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.budget.memo import UNSEEN_SECONDS, Memo, Release, is_within
from feature_node.release.mechanism import Cost
from tests.unit.feature_node.budget.twins import SetClock

FACE = (100, 100, 40, 40)
ONE = np.array([[3.0, 4.0]], np.float32)


def memo(clock: SetClock | None = None, **changes) -> Memo:
    fields = {"unchanged_within": 0.05, "clock": (clock or SetClock()).monotonic}
    return Memo(**(fields | changes))


def keep(
    remembered: Memo, payload: bytes = b"a", clean=ONE[0], *, box=FACE, camera="yard", run=1, instead=None
):
    release = Release(payload, Cost(epsilon_joint=1.0))
    remembered.keep(camera, run, box=box, clean=clean, release=release, instead=instead)


def look(remembered: Memo, numbers=ONE, *, boxes=(FACE,), camera="yard", run=1) -> list[bytes | None]:
    looks = remembered.look(camera, run, boxes, numbers)
    return [look.release.payload if look.release else None for look in looks]


def test_what_is_within_the_share_is_repeated_and_what_is_not_is_fresh():
    remembered = memo()
    assert look(remembered) == [None]
    keep(remembered)
    assert look(remembered) == [b"a"]
    assert look(remembered, ONE * 1.05) == [b"a"]
    assert look(remembered, ONE * 1.051) == [None]


def test_a_slow_drift_is_measured_from_the_release_and_not_from_the_last_frame():
    remembered = memo()
    keep(remembered)
    repeated = [look(remembered, ONE * (1 + 0.01 * step)) for step in range(8)]
    assert repeated == [[b"a"]] * 6 + [[None]] * 2


def test_a_region_is_followed_as_it_moves():
    remembered = memo()
    keep(remembered)
    for left in range(100, 300, 8):
        assert look(remembered, boxes=((left, 100, 40, 40),)) == [b"a"]
    assert look(remembered, boxes=(FACE,)) == [None], "it is elsewhere now"


def test_each_release_is_repeated_for_one_region_of_a_frame():
    remembered = memo()
    keep(remembered)
    numbers = np.repeat(ONE, 2, axis=0)
    assert look(remembered, numbers, boxes=((104, 100, 40, 40), FACE)) == [None, b"a"]


def test_neighbours_keep_their_own_values():
    remembered = memo()
    right = (150, 100, 40, 40)
    keep(remembered, b"a")
    keep(remembered, b"b", box=right)
    numbers = np.repeat(ONE, 2, axis=0)
    assert look(remembered, numbers, boxes=(right, FACE)) == [b"b", b"a"]


def test_cameras_do_not_share():
    remembered = memo()
    keep(remembered)
    assert look(remembered, camera="door") == [None]


def test_a_fresh_release_takes_the_place_of_the_one_that_it_continues():
    remembered = memo()
    keep(remembered)
    (seen,) = remembered.look("yard", 1, (FACE,), ONE * 2)
    assert seen.release is None
    keep(remembered, b"b", ONE[0] * 2, instead=seen.entry)
    assert look(remembered, ONE * 2) == [b"b"]
    assert len(remembered) == 1


def test_a_release_that_was_held_back_leaves_the_old_one_to_repeat():
    remembered = memo()
    keep(remembered)
    assert look(remembered, ONE * 2) == [None]
    assert look(remembered) == [b"a"], "the scene is as it was, and the value costs nothing"


def test_a_region_that_nobody_sees_is_forgotten():
    clock = SetClock()
    remembered = memo(clock)
    keep(remembered)
    clock.seconds += UNSEEN_SECONDS - 1
    assert look(remembered) == [b"a"]
    clock.seconds += UNSEEN_SECONDS
    assert look(remembered) == [None]
    assert len(remembered) == 0


def test_the_rate_limit_repeats_whatever_the_region_shows():
    clock = SetClock()
    remembered = memo(clock, unchanged_within=None, fresh_every=10.0)
    keep(remembered)
    clock.seconds += 9.9
    assert look(remembered, ONE * -7) == [b"a"]
    clock.seconds += 0.1
    assert look(remembered) == [None], "and by rate alone, an unchanged region is drawn afresh too"


def test_another_run_is_not_answered_with_what_the_rate_limit_held():
    remembered = memo(fresh_every=10.0)
    keep(remembered)
    assert look(remembered, ONE * 2, run=2) == [None]
    assert look(remembered, ONE, run=2) == [b"a"], "what has not changed may be said again"


def test_numbers_of_another_shape_are_fresh():
    remembered = memo(fresh_every=10.0)
    keep(remembered)
    assert look(remembered, np.ones((1, 3), np.float32)) == [None]


def test_what_is_remembered_is_bounded_and_the_longest_unseen_goes_first():
    remembered = memo(max_bytes=3 * (8 + 1))
    boxes = [(50 * number, 0, 40, 40) for number in range(4)]
    for number in range(3):
        keep(remembered, bytes([number]), box=boxes[number])
    assert look(remembered, boxes=(boxes[0],)) == [b"\0"]
    keep(remembered, b"\3", box=boxes[3])
    assert len(remembered) == 3
    numbers = np.repeat(ONE, 4, axis=0)
    assert look(remembered, numbers, boxes=tuple(boxes)) == [b"\0", None, b"\2", b"\3"]
    keep(remembered, bytes(100), box=(900, 0, 40, 40))
    assert len(remembered) == 0, "one that is over the bound alone is not kept"


def test_nothing_is_within_a_share_of_nothing_but_nothing():
    zero = np.zeros(2, np.float32)
    assert is_within(zero, zero, 0.5)
    assert not is_within(zero + 1e-6, zero, 0.5)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-10, 10, width=32)), max_size=40))
def test_a_repeat_is_always_close_to_what_was_drawn(frames):
    clock, remembered = SetClock(), memo()
    drawn: dict[bytes, float] = {}
    for number, (place, value) in enumerate(frames):
        clock.seconds += 1
        box, clean = (place * 30, 0, 40, 40), np.array([[value, 1.0]], np.float32)
        (seen,) = remembered.look("yard", 1, (box,), clean)
        if seen.release is None:
            payload = number.to_bytes(2, "big")
            drawn[payload] = value
            keep(remembered, payload, clean[0], box=box, instead=seen.entry)
        else:
            value_then = drawn[seen.release.payload]
            assert abs(value - value_then) <= 0.05 * np.hypot(value_then, 1) * (1 + 1e-6)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_frame_of_any_number_of_regions_is_looked_at(count):
    boxes = tuple((100 * number, 0, 40, 40) for number in range(count))
    assert look(memo(), np.zeros((count, 2), np.float32), boxes=boxes) == [None] * count
