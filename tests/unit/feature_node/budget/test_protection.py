"""Releases under a budget: repeated for nothing, widened or held back as the budget runs out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from feature_node.budget.amounts import Fixed, Widening, widened
from feature_node.budget.ledger import Ledger
from feature_node.budget.limits import Limits, at_least, at_most
from feature_node.budget.memo import Memo
from feature_node.budget.protection import BudgetedProtection
from feature_node.errors import BudgetSpent, ExtractorError, LedgerUnusable, OverCeiling
from feature_node.extractor import Censored, Embedded
from feature_node.protect import Origin, Protected
from tests.unit.feature_node.budget.twins import NOON, Marking, MemoryFile, SetClock

BOXES = tuple((100 * number, 0, 40, 40) for number in range(9))


class Desk:
    """A protection with everything it needs, and frames for it."""

    def __init__(
        self, mechanism=None, *, widen=False, ceiling=None, memo=True, camera="yard", **limits
    ) -> None:
        self.clock, self.file = SetClock(), MemoryFile()
        self.mechanism = mechanism or Marking(1.0)
        self.books = Ledger(Limits(**limits), self.file, self.clock)
        amounts = (Widening if widen else Fixed)(self.mechanism, self.books, ceiling)
        remembered = Memo(unchanged_within=0.05, clock=self.clock.monotonic) if memo else None
        self.protection = BudgetedProtection(self.mechanism, amounts, ledger=self.books, memo=remembered)
        self.camera = camera

    def frame(self, *values: float, boxes=BOXES) -> Protected:
        numbers = np.array([[value, 1.0] for value in values], np.float32).reshape(len(values), 2)
        origin = Origin(self.camera, 1, self.clock(), (640, 480))
        return self.protection.protect(Embedded(numbers, boxes[: len(values)]), origin)

    def spent(self) -> float:
        return self.books.spent(self.camera, "day")


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_still_scene_costs_one_release_however_long_it_stays():
    desk = Desk(minute=3)
    first = desk.frame(5.0)
    assert first.protection.epsilon_joint == 1
    for _ in range(100):
        desk.clock.seconds += 1
        again = desk.frame(5.1)
        assert again.regions == first.regions
        assert (again.protection.mechanism, again.protection.epsilon_joint) == ("marking", 0.0)
    assert (desk.spent(), desk.mechanism.draws) == (1, [1])


def test_of_a_frame_only_the_regions_that_changed_are_paid():
    desk = Desk(day=100)
    first = desk.frame(5.0, 6.0, 7.0)
    second = desk.frame(5.0, 9.0, 7.0)
    assert (first.protection.epsilon_joint, second.protection.epsilon_joint) == (3, 1)
    assert [a == b for a, b in zip(first.regions, second.regions, strict=True)] == [True, False, True]
    assert desk.spent() == 4


def test_payloads_stay_with_their_regions():
    desk = Desk()
    first = desk.frame(5.0, 6.0, 7.0)
    turned = desk.frame(7.0, 6.0, 5.0, boxes=BOXES[2::-1])
    assert turned.regions == first.regions[::-1]
    assert turned.boxes == BOXES[2::-1]


def test_a_frame_without_regions_says_and_costs_nothing():
    desk = Desk(minute=1)
    nothing = desk.frame()
    assert (nothing.regions, nothing.protection.epsilon_joint) == ((), 0.0)
    assert desk.spent() == 0


def test_without_memory_every_frame_is_paid_and_the_last_one_held_back():
    desk = Desk(memo=False, minute=3)
    payloads = {desk.frame(5.0).regions for _ in range(3)}
    assert len(payloads) == 3
    with pytest.raises(BudgetSpent):
        desk.frame(5.0)


def test_a_spent_budget_holds_back_what_is_new_and_still_repeats_what_is_not():
    desk = Desk(minute=2)
    kept = desk.frame(5.0, 6.0)
    with pytest.raises(BudgetSpent):
        desk.frame(5.0, 9.0)
    desk.clock.seconds += 30
    assert desk.frame(5.0, 6.0).regions == kept.regions
    desk.clock.seconds += 30
    assert desk.frame(5.0, 9.0).protection.epsilon_joint == 1


def test_a_draw_that_could_not_be_paid_is_never_seen_again():
    desk = Desk(minute=2)
    desk.file.broken = True
    with pytest.raises(LedgerUnusable):
        desk.frame(5.0)
    drawn_then = desk.mechanism.draws[0]
    desk.file.broken = False
    (payload,) = desk.frame(5.0).regions
    assert payload[0] == drawn_then
    assert desk.spent() == 1


def test_a_message_over_the_sites_ceiling_is_held_back_before_it_is_paid():
    desk = Desk(ceiling=2.0, day=100)
    with pytest.raises(OverCeiling, match="epsilon_joint 3, at most 2"):
        desk.frame(5.0, 6.0, 7.0)
    assert desk.spent() == 0
    with pytest.raises(OverCeiling):
        desk.frame(5.0, 6.0, 7.0)
    assert desk.frame(5.0, 6.0).protection.epsilon_joint == 2


def test_widening_keeps_a_message_under_the_ceiling_too():
    desk = Desk(ceiling=2.0, day=1000, widen=True)
    assert 1.6 < (desk.frame(5.0, 6.0, 7.0).protection.epsilon_joint or 0) <= 2
    assert desk.frame(8.0).protection.epsilon_joint == 1


def test_delta_adds_up_with_epsilon():
    desk = Desk(Marking(1.0, delta=1e-6), day=100)
    desk.frame(5.0, 6.0)
    desk.frame(9.0)
    assert desk.books.report()["yard"]["day"].delta == pytest.approx(3e-6)


def test_a_guarantee_per_coordinate_alone_is_said_and_repeated_but_not_counted():
    desk = Desk(Marking(None, epsilon_per_coordinate=200.0))
    first, second = desk.frame(5.0), desk.frame(5.0)
    assert first == second
    assert (first.protection.epsilon_per_coordinate, first.protection.epsilon_joint) == (200.0, None)
    assert desk.spent() == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_not_even_answered_with_what_is_remembered(value):
    desk = Desk()
    desk.frame(5.0)
    with pytest.raises(ExtractorError, match="NaN or infinite"):
        desk.frame(value)
    assert desk.spent() == 1


def test_what_is_no_embedding_is_refused():
    desk, origin = Desk(), Origin("yard", 1, 0, (8, 8))
    for wrong in (Censored(b"x", ()), Embedded(np.zeros((2, 2), np.float32), BOXES[:1])):
        with pytest.raises(ExtractorError):
            desk.protection.protect(wrong, origin)


def test_what_is_released_shows_in_the_metrics():
    desk = Desk(Marking(2.0, epsilon_per_coordinate=0.5), widen=True, minute=60, camera="gate")
    desk.frame(5.0)
    assert sample("penumbra_epsilon_joint", camera="gate") == 2
    assert sample("penumbra_epsilon_per_coordinate", camera="gate") == 0.5
    assert sample("penumbra_budget_limit", window="minute") == 60
    desk.frame(5.0)
    assert sample("penumbra_epsilon_joint", camera="gate") == 0
    for number in range(30):
        desk.frame(100.0 * 1.1**number)
    kinds = {
        kind: sample("penumbra_releases_total", camera="gate", kind=kind)
        for kind in ("fresh", "repeated", "widened")
    }
    assert kinds["repeated"] == 1
    assert kinds["fresh"] + kinds["widened"] == 31
    assert min(kinds.values()) > 0
    assert sample("penumbra_budget_spent", camera="gate", window="minute") == desk.spent() < 60
    desk.clock.seconds = NOON + 60
    assert sample("penumbra_budget_spent", camera="gate", window="minute") == 0, "seen without a new frame"


def test_widening_spends_a_tenth_of_what_is_left_until_an_answer_would_mean_nothing():
    desk = Desk(widen=True, minute=20)
    epsilons: list[float] = []

    def spend_it_all() -> None:
        for number in range(1000):
            epsilons.append(desk.frame(10 * 1.1**number).protection.epsilon_joint or 0)  # noqa: PERF401

    with pytest.raises(BudgetSpent) as why:
        spend_it_all()
    assert epsilons[:10] == [1.0] * 10, "while a tenth of what is left is enough"
    assert all(later <= earlier for earlier, later in itertools.pairwise(epsilons))
    assert 0.01 <= epsilons[-1] < 0.0125
    assert sum(epsilons) <= 20
    assert why.value.until_ns == (NOON + 60) * 10**9
    assert len(set(epsilons)) <= 27, "few amounts, so that each is calibrated once"


@given(st.floats(1e-3, 1e7), st.floats(0, 1e7))
def test_a_widened_amount_fits_and_is_at_most_a_fifth_under_what_would(nominal, most):
    epsilon = widened(nominal, most)
    if epsilon is None:
        assert most < nominal * 0.0125 or at_most(most) < 20
    elif epsilon < nominal:
        assert epsilon <= most
        assert at_least(epsilon) <= at_most(most)
        assert epsilon >= 0.8 * most or at_most(most) < 20
    else:
        assert epsilon == nominal <= most


FRAMES = st.lists(
    st.tuples(st.integers(0, 6), st.floats(0, 20), st.integers(0, 10_000)), min_size=1, max_size=60
)


@settings(max_examples=100, deadline=None)
@given(FRAMES, st.booleans(), st.booleans(), st.sampled_from([0.3, 1.0, 7.7]))
def test_no_messages_together_ever_pass_a_limit(frames, widen, memo, epsilon):
    desk = Desk(Marking(epsilon), widen=widen, memo=memo, minute=10, hour=23.5)
    spent: dict[tuple[int, int], int] = {}
    for count, seconds, value in frames:
        desk.clock.seconds += seconds
        try:
            made = desk.frame(*(float(value + 1000 * number) for number in range(count)))
        except BudgetSpent:
            continue
        cost = at_least(max(0.0, (made.protection.epsilon_joint or 0) - 1e-5))
        for length, limit in ((60, 10), (3600, 23.5)):
            key = (length, int(desk.clock.seconds) // length)
            spent[key] = spent.get(key, 0) + cost
            assert spent[key] <= at_most(limit)
