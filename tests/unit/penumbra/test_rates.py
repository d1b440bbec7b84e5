import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penumbra.rates import Window, percentile

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


@given(NUMBERS, st.floats(0, 1))
def test_a_percentile_is_a_value_that_enough_values_do_not_exceed(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 2), (0.95, 4), (1.0, 4)])
def test_nearest_rank(share: float, expected: int) -> None:
    assert percentile([4, 1, 3, 2], share) == expected


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_window_forgets_what_is_old() -> None:
    window = Window(5)
    for second in range(10):
        window.add(second, 100)
    assert window.values(9) == [100] * 5
    assert window.values(9, 1.0) == [100]
    assert window.per_second(9, since=0) == 100
    assert window.count_per_second(9, since=0) == 1
    assert window.values(100) == []


def test_a_rate_counts_only_the_time_there_was() -> None:
    window = Window(5)
    window.add(1.5, 30)
    window.add(2.0, 30)
    assert window.per_second(2.0, since=0) == 30
    assert window.per_second(0.1, since=0) == 60


def test_a_flood_does_not_grow_a_window() -> None:
    window = Window(5, capacity=10)
    for _ in range(1000):
        window.add(1, 1)
    assert len(window.values(1)) == 10
