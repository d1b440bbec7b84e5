"""The hold covers a lost face, and never covers less than it did."""

from hypothesis import given
from hypothesis import strategies as st

from feature_node.box import Box
from feature_node.hold import MAX_HELD, Hold, Holds

MS = 1_000_000
START = 1_700_000_000_000_000_000
FACE = Box(100, 100, 50, 60)
OTHER = Box(400, 100, 50, 60)


def covers(boxes, face):
    return any(
        box.x <= face.x
        and box.y <= face.y
        and box.x + box.width >= face.x + face.width
        and box.y + box.height >= face.y + face.height
        for box in boxes
    )


def test_a_lost_face_stays_covered_for_the_time_of_the_hold():
    hold = Hold(frames=0, seconds=0.5)
    hold.cover(START, (FACE,))
    for ms in (40, 200, 499):
        assert covers(hold.cover(START + ms * MS, ()), FACE)
    assert hold.cover(START + 501 * MS, ()) == ()


def test_a_lost_face_of_a_slow_camera_stays_covered_for_some_detections():
    hold = Hold(frames=2, seconds=0.5)
    hold.cover(START, (FACE,))
    assert covers(hold.cover(START + 5000 * MS, ()), FACE)
    assert covers(hold.cover(START + 9000 * MS, ()), FACE)
    assert hold.cover(START + 13000 * MS, ()) == ()


def test_a_held_box_grows_since_its_face_may_move():
    hold = Hold(frames=3, seconds=1.0)
    hold.cover(START, (FACE,))
    (soon,) = hold.cover(START + 100 * MS, ())
    (later,) = hold.cover(START + 400 * MS, ())
    assert FACE.area < soon.area < later.area


def test_a_face_that_is_found_again_is_not_covered_twice():
    hold = Hold(frames=3, seconds=1.0)
    hold.cover(START, (FACE,))
    moved = Box(110, 100, 50, 60)
    assert hold.cover(START + 40 * MS, (moved,)) == (moved,)


def test_one_new_box_replaces_one_held_box_only():
    hold = Hold(frames=3, seconds=1.0)
    neighbour = Box(115, 100, 50, 60)
    hold.cover(START, (FACE, neighbour))
    boxes = hold.cover(START + 40 * MS, (FACE,))
    assert covers(boxes, FACE)
    assert covers(boxes, neighbour)


def test_a_frame_that_comes_again_shows_no_more_than_the_first_time():
    hold = Hold(frames=3, seconds=0.5)
    hold.cover(START, (FACE,))
    first = hold.cover(START + 40 * MS, ())
    hold.cover(START + 80 * MS, (OTHER,))
    again = hold.cover(START + 40 * MS, ())
    assert set(first) <= set(again)


def test_a_late_frame_is_covered_by_its_neighbours_boxes():
    hold = Hold(frames=3, seconds=0.5)
    hold.cover(START, (FACE,))
    hold.cover(START + 80 * MS, (OTHER,))
    late = hold.cover(START + 40 * MS, ())
    assert covers(late, FACE)
    assert covers(late, OTHER)


def test_a_face_that_only_a_late_frame_shows_is_held_on():
    hold = Hold(frames=3, seconds=0.5)
    hold.cover(START + 80 * MS, ())
    hold.cover(START + 40 * MS, (FACE,))
    assert covers(hold.cover(START + 120 * MS, ()), FACE)


def test_a_clock_set_back_by_hours_neither_uncovers_nor_covers_for_ever():
    hold = Hold(frames=1, seconds=0.5)
    hold.cover(START, (FACE,))
    back = START - 3_600_000 * MS
    assert covers(hold.cover(back, ()), FACE)
    hold.cover(back + 400 * MS, ())
    assert hold.cover(back + 2000 * MS, ()) == ()


def test_many_lost_faces_become_one_box_around_them_all():
    hold = Hold(frames=3, seconds=1.0)
    faces = tuple(Box(30.0 * i, 0, 20, 20) for i in range(MAX_HELD + 50))
    hold.cover(START, faces)
    boxes = hold.cover(START + 40 * MS, ())
    assert len(boxes) == 1
    assert all(covers(boxes, face) for face in faces)


def test_cameras_and_runs_do_not_share_boxes():
    holds = Holds(3, 0.5)
    holds.of("yard", 1).cover(START, (FACE,))
    assert holds.of("door", 1).cover(START + 40 * MS, ()) == ()
    assert holds.of("yard", 2).cover(START + 40 * MS, ()) == ()
    assert covers(holds.of("yard", 1).cover(START + 40 * MS, ()), FACE)


boxes = st.builds(
    Box, st.floats(-50, 500), st.floats(-50, 500), st.floats(1, 200), st.floats(1, 200), st.just(0.9)
)


@given(st.lists(st.tuples(st.integers(0, 2000), st.lists(boxes, max_size=4)), max_size=20))
def test_what_was_found_in_a_frame_is_always_covered_and_again_no_less(frames):
    hold = Hold(frames=2, seconds=0.5)
    shown = {}
    for ms, found in frames:
        cover = hold.cover(START + ms * MS, tuple(found))
        assert set(found) <= set(cover)
        assert shown.get(ms, set()) <= set(cover)
        shown[ms] = shown.get(ms, set()) | set(cover)
