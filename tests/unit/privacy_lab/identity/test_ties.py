import numpy as np
import pytest

from privacy_lab.identity.ties import place_of_true, share_of_nearest

DISTANCES = np.array([[0.0, 1.0, 1.0, 2.0]])


def place(true: int):
    return place_of_true(DISTANCES, np.array([true]))


def test_a_tie_is_broken_by_a_fair_lot_and_not_by_position():
    for true in (1, 2):
        assert place(true).rank()[0] == 2.5
        assert [place(true).within(k)[0] for k in (1, 2, 3, 4)] == [0, 0.5, 1, 1]
        assert place(true).log_rank()[0] == pytest.approx((np.log(2) + np.log(3)) / 2)


def test_without_a_tie_the_rank_is_the_position():
    assert place(0).rank()[0] == 1
    assert place(0).within(1)[0] == 1
    assert place(3).rank()[0] == 4
    assert place(3).log_rank()[0] == pytest.approx(np.log(4))


def test_rounding_does_not_break_a_tie():
    distances = np.array([[0.1 + 0.2, 0.3, 0.5]])
    assert distances[0, 0] != distances[0, 1]
    assert place_of_true(distances, np.array([0])).rank()[0] == 1.5
    assert share_of_nearest(distances, np.array([[True, False, False]]))[0] == 0.5


def test_the_nearest_neighbour_counts_its_share_among_equals():
    wanted = np.array([[False, True, False, True]])
    assert share_of_nearest(np.array([[3.0, 1.0, 1.0, 1.0]]), wanted)[0] == pytest.approx(2 / 3)
