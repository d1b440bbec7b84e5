"""Rates are of the last seconds, and of less where less was seen."""

import pytest

from feature_node.live.rates import MOST, SECONDS, Rate, Rates


def test_a_steady_stream_has_its_own_rate_at_once_and_later() -> None:
    rates = Rates(100.0)
    for tenth in range(1, 101):
        rates.add(100 + tenth / 10, 10, 1000, 1100)
        if tenth == 20:
            assert rates.at(102.0) == pytest.approx(Rate(10, 100, 10_000, 11_000))
    assert rates.at(110.0) == pytest.approx(Rate(10, 100, 10_000, 11_000))


def test_what_is_past_counts_no_longer() -> None:
    rates = Rates(0.0)
    rates.add(1.0, 10, 10, 10)
    assert rates.at(1.0 + SECONDS) == Rate()
    assert Rates(0.0).at(0.0) == Rate()


def test_memory_is_bounded_and_the_rate_stays_right() -> None:
    rates = Rates(0.0)
    for number in range(4 * MOST):
        rates.add(number / (2 * MOST), 1, 1, 1)
    assert rates.at(2.0).frames == pytest.approx(2 * MOST, rel=0.01)
