"""The window holds what is unanswered, no more than it may, and says when to send it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from broker.frames import Frame
from camera_node.framer import Framer
from camera_node.window import LONGEST_WAIT, Window
from tests.unit.camera_node.twins import pictures

FRAMES = [(framer := Framer("yard", "wait", "free")).frame(picture) for picture in pictures(1)]


def frame(sequence: int) -> Frame:
    one = FRAMES[0]
    return Frame(
        camera=one.camera,
        run=1,
        sequence=sequence,
        captured_ns=1,
        clock="free",
        flow="wait",
        width=64,
        height=48,
        jpeg=b"jpeg",
    )


def test_a_frame_is_due_after_its_wait_and_then_backs_off() -> None:
    window = Window(4, resend_after=3.0)
    one = frame(0)
    window.admit(one, 0.0)
    assert window.attempted(one, 0.1, taken=True)
    assert window.due(3.0) == []
    assert window.due(3.2) == [one]
    assert window.due(3.2) == []
    assert not window.attempted(one, 3.3, taken=True)
    assert window.due(9.2) == []
    assert window.due(9.4) == [one]


def test_the_wait_never_exceeds_its_bound() -> None:
    window = Window(1, resend_after=3.0)
    window.admit(frame(0), 0.0)
    now = 0.0
    for _ in range(40):
        window.attempted(frame(0), now, taken=False)
        soonest = window.next_event()
        assert soonest is not None
        assert soonest - now <= LONGEST_WAIT
        now = soonest
        assert window.due(now) == [frame(0)]


def test_a_slow_edge_is_not_sent_everything_twice() -> None:
    window = Window(8, resend_after=3.0)
    for sequence in range(20):
        window.admit(frame(sequence), sequence * 5.0)
        window.attempted(frame(sequence), sequence * 5.0, taken=True)
        window.resolve(1, sequence, sequence * 5.0 + 5.0)
    assert window.wait > 5.0
    window.admit(frame(99), 100.0)
    window.attempted(frame(99), 100.0, taken=True)
    assert window.due(104.9) == []


def test_an_answer_that_overtakes_the_acknowledgement_is_told_apart() -> None:
    window = Window(4, resend_after=3.0)
    window.admit(frame(0), 0.0)
    assert window.resolve(1, 0, 0.1) is False
    assert window.attempted(frame(0), 0.2, taken=True) is False
    assert window.resolve(1, 0, 0.3) is None
    window.admit(frame(1), 0.0)
    window.attempted(frame(1), 0.1, taken=True)
    assert window.resolve(1, 1, 0.2) is True


def test_a_full_window_takes_no_more() -> None:
    window = Window(1, resend_after=3.0)
    window.admit(frame(0), 0.0)
    with pytest.raises(IndexError):
        window.admit(frame(1), 0.0)


@given(st.integers(1, 30), st.floats(0.1, 20.0))
def test_nothing_is_given_up_unless_told(count: int, give_up: float) -> None:
    patient, strict = Window(30, 3.0), Window(30, 3.0, give_up)
    for window in (patient, strict):
        for sequence in range(count):
            window.admit(frame(sequence), 0.0)
    assert patient.expire(1e9) == 0
    assert strict.expire(give_up * 0.9) == 0
    assert strict.expire(give_up) == count


class WindowMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, a frame leaves by its answer alone and the bound holds."""

    def __init__(self) -> None:
        super().__init__()
        self.window = Window(3, resend_after=1.0)
        self.now = 0.0
        self.next = 0
        self.held: set[int] = set()
        self.trying: set[int] = set()

    @precondition(lambda self: not self.window.full)
    @rule()
    def admit(self) -> None:
        self.window.admit(frame(self.next), self.now)
        self.held.add(self.next)
        self.trying.add(self.next)
        self.next += 1

    @precondition(lambda self: self.trying)
    @rule(data=st.data(), taken=st.booleans())
    def attempted(self, data: st.DataObject, taken: bool) -> None:
        sequence = data.draw(st.sampled_from(sorted(self.trying)))
        self.trying.discard(sequence)
        self.window.attempted(frame(sequence), self.now, taken=taken)

    @rule(sequence=st.integers(0, 20))
    def answer(self, sequence: int) -> None:
        known = self.window.resolve(1, sequence, self.now) is not None
        assert known == (sequence in self.held)
        self.held.discard(sequence)

    @rule(sequence=st.integers(0, 20))
    def postpone(self, sequence: int) -> None:
        self.window.postpone(1, sequence, self.now)

    @rule(seconds=st.floats(0.0, 40.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = {late.sequence for late in self.window.due(self.now)}
        assert due <= self.held
        assert not due & self.trying
        self.trying |= due

    @invariant()
    def holds_what_is_unanswered(self) -> None:
        assert len(self.window) == len(self.held) <= 3

    @invariant()
    def every_idle_frame_will_be_due(self) -> None:
        idle = self.held - self.trying
        assert (self.window.next_event() is None) == (not idle)


TestWindow = WindowMachine.TestCase
