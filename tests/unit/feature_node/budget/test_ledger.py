"""The ledger never counts too little: over windows, restarts, crashes, and clocks that are set."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.budget.ledger import MAX_CAMERAS, Ledger
from feature_node.budget.limits import WINDOWS, Limits, at_least, at_most, start_of
from feature_node.errors import BudgetSpent, LedgerUnusable
from tests.unit.feature_node.budget.twins import HOUR, NOON, MemoryFile, SetClock, ledger


def test_a_camera_spends_to_its_limit_and_no_further_until_the_window_is_over():
    clock = SetClock(NOON + 17)
    books = ledger(clock, minute=40)
    for _ in range(5):
        books.spend("yard", 8)
    assert books.remaining("yard") == 0
    with pytest.raises(BudgetSpent) as why:
        books.spend("yard", 8)
    assert (why.value.window, why.value.limit) == ("minute", 40)
    assert why.value.until_ns == (NOON + 60) * 10**9
    assert why.value.reason == "budget-spent"
    assert why.value.standing == "budget-spent until 2025-10-09 12:01 UTC"
    clock.seconds = NOON + 59.9
    with pytest.raises(BudgetSpent):
        books.check("yard", 8)
    clock.seconds = NOON + 60
    books.spend("yard", 8)
    assert books.remaining("yard") == 32


def test_every_window_counts_and_the_one_that_lasts_longest_is_named():
    clock = SetClock()
    books = ledger(clock, minute=10, hour=25, day=1000)
    for minute in range(2):
        clock.seconds = NOON + 60 * minute
        books.spend("yard", 10)
    clock.seconds = NOON + 120
    assert books.remaining("yard") == 5
    with pytest.raises(BudgetSpent) as why:
        books.spend("yard", 11)
    assert why.value.until_ns == (NOON + HOUR) * 10**9, "the minute would be over sooner, the hour would not"
    assert [books.spent("yard", window) for window in WINDOWS] == [0, 20, 20]


def test_cameras_have_budgets_of_their_own():
    books = ledger(minute=8)
    books.spend("yard", 8)
    books.spend("door", 8)
    with pytest.raises(BudgetSpent):
        books.spend("yard", 1)
    assert books.remaining("shop") == 8


def test_a_frame_with_several_regions_is_paid_as_a_whole_or_not_at_all():
    books = ledger(minute=1)
    books.spend("yard", 0.1, times=9)
    with pytest.raises(BudgetSpent):
        books.spend("yard", 0.1, times=2)
    books.spend("yard", 0.1, times=1)
    assert books.remaining("yard") == 0, "ten times a tenth is one, however floats are written"


def test_without_limits_everything_is_counted_and_nothing_held_back():
    books = ledger()
    for _ in range(1000):
        books.spend("yard", 3.3e6, 1e-6)
    assert books.remaining("yard") == math.inf
    assert books.spent("yard", "day") == pytest.approx(3.3e9)
    assert books.report()["yard"]["day"].delta == pytest.approx(1e-3)


def test_the_report_says_spent_limit_and_until_when():
    books = ledger(minute=40, day=100)
    books.spend("yard", 8, 1e-5, times=2)
    shown = books.report()["yard"]
    assert (shown["minute"].spent, shown["minute"].limit, shown["minute"].delta) == (16, 40, 2e-5)
    assert shown["minute"].until_ns == (NOON + 60) * 10**9
    assert (shown["hour"].spent, shown["hour"].limit) == (16, None)
    assert shown["day"].until_ns == (NOON + 12 * HOUR) * 10**9


def test_a_clock_that_is_set_back_gives_nothing_back():
    clock, file = SetClock(NOON + 30), MemoryFile()
    books = ledger(clock, file, minute=8, day=1000)
    books.spend("yard", 8)
    clock.seconds = NOON - 2 * 86400
    with pytest.raises(BudgetSpent) as why:
        books.spend("yard", 1)
    assert why.value.until_ns == (NOON + 60) * 10**9
    clock.seconds = NOON + 60
    books.spend("yard", 8)
    assert books.spent("yard", "day") == 16


def test_an_account_that_was_over_does_not_come_back_empty_when_the_clock_does():
    clock, file = SetClock(), MemoryFile()
    books = ledger(clock, file, day=8)
    books.spend("yard", 8)
    clock.seconds = NOON + 86400
    books.spend("door", 1)
    assert "yard" not in file.kept, "nothing needs it any more"
    clock.seconds = NOON
    books.spend("yard", 8)
    with pytest.raises(BudgetSpent):
        books.spend("yard", 1)
    assert file.kept["yard"].day.start == start_of("day", (NOON + 86400) * 10**9), "once for the later day"


def test_an_orderly_end_keeps_exactly_what_was_spent():
    clock, file = SetClock(), MemoryFile()
    books = ledger(clock, file, day=100)
    books.spend("yard", 1, 1e-6)
    assert file.kept["yard"].day.millionths > at_least(1), "a block ahead"
    books.close()
    assert file.closed
    again = ledger(clock, file, day=100)
    assert again.remaining("yard") == 99
    assert again.report()["yard"]["day"].delta == 1e-6


def test_a_crash_costs_at_most_a_sixteenth_of_the_smallest_limit_and_the_release_under_way():
    clock, file = SetClock(), MemoryFile()
    ledger(clock, file, hour=160, day=1000).spend("yard", 0.5)
    assert 0.5 <= ledger(clock, file, hour=160, day=1000).spent("yard", "hour") <= 0.5 + 10


def test_a_window_is_few_writes_however_many_releases():
    clock, file = SetClock(), MemoryFile()
    books = ledger(clock, file, minute=160)
    for _ in range(1600):
        books.spend("yard", 0.1)
    assert file.writes <= 17
    for camera in ("a", "b", "c", "d"):
        for _ in range(1600):
            books.spend(camera, 0.1)
    assert file.writes <= 17 * 5


def test_cameras_that_spend_alike_share_their_writes():
    clock, file = SetClock(), MemoryFile()
    books = ledger(clock, file, minute=160)
    for _ in range(1600):
        for camera in ("a", "b", "c", "d"):
            books.spend(camera, 0.1)
    assert file.writes <= 2 * 17 + 4


def test_what_cannot_be_kept_is_not_spent():
    clock, file = SetClock(), MemoryFile()
    books = ledger(clock, file, minute=8)
    file.broken = True
    with pytest.raises(LedgerUnusable):
        books.spend("yard", 8)
    file.broken = False
    books.spend("yard", 8)
    assert books.remaining("yard") == 0


def test_a_flood_of_cameras_is_refused_and_never_pushes_an_account_out():
    file = MemoryFile()
    ledger(file=file, minute=1).spend("yard", 1)
    # As if so many cameras had spent, one after the other; each writes them all.
    file.kept |= {f"c{number}": file.kept["yard"] for number in range(MAX_CAMERAS - 1)}
    books = ledger(file=file, minute=1)
    with pytest.raises(LedgerUnusable):
        books.spend("one-more", 1)
    with pytest.raises(BudgetSpent):
        books.spend("yard", 1)


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_what_is_no_loss_is_not_counted(amount):
    with pytest.raises(ValueError, match="epsilon_joint"):
        ledger().spend("yard", amount)


@given(st.floats(0, 1e9), st.integers(1, 9))
def test_a_loss_is_never_rounded_down_nor_a_limit_up(epsilon, times):
    assert at_least(epsilon) >= at_most(epsilon)
    assert at_least(epsilon) / 1e6 >= epsilon * (1 - 1e-15)
    assert at_most(epsilon) / 1e6 <= epsilon * (1 + 1e-15)
    assert times * at_least(epsilon) >= at_most(times * epsilon) - 1


STEPS = st.one_of(
    st.tuples(st.just("spend"), st.floats(0.001, 6), st.integers(1, 3), st.sampled_from(["yard", "door"])),
    st.tuples(st.just("wait"), st.floats(-4000, 90_000)),
    st.tuples(st.just("crash")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("break")),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_no_window_ever_passes_its_limit(steps):
    limits = Limits(minute=9, hour=20, day=31)
    clock, file = SetClock(), MemoryFile()
    books = Ledger(limits, file, clock)
    latest = clock()
    truly: dict[tuple[str, str, int], int] = {}
    for step in steps:
        if step[0] == "wait":
            clock.seconds += step[1]
            latest = max(latest, clock())
        elif step[0] == "crash":
            books = Ledger(limits, file, clock)
        elif step[0] == "restart":
            file.broken = False
            books.close()
            books = Ledger(limits, file, clock)
        elif step[0] == "break":
            file.broken = not file.broken
        else:
            _, epsilon, times, camera = step
            try:
                books.spend(camera, epsilon, times=times)
            except (BudgetSpent, LedgerUnusable):
                continue
            for window in WINDOWS:
                # The latest time the ledger can have seen; a later window would only be more generous.
                start = file.kept[camera].of(window).start
                key = (camera, window, start)
                truly[key] = truly.get(key, 0) + times * at_least(epsilon)
                assert truly[key] <= limits.millionths(window)
                assert file.kept[camera].of(window).millionths >= truly[key], "the file never says less"
                assert start <= start_of(window, latest)
