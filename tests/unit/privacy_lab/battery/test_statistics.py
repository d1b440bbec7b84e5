import numpy as np
import pytest
from scipy.stats import t

from privacy_lab.battery.statistics import SHARES, exact, figure_of, share_right


def test_the_value_is_the_mean_over_seeds_and_pictures():
    figure = figure_of(np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]))
    assert figure.value == pytest.approx(1.5)
    assert figure.low < 1.5 < figure.high


def test_where_all_pictures_are_alike_the_interval_is_students_over_seeds():
    means = np.array([0.2, 0.3, 0.7])
    figure = figure_of(np.repeat(means[:, None], 50, axis=1))
    half = t.ppf(0.975, 2) * means.std(ddof=1) / np.sqrt(3)
    assert (figure.value - figure.low, figure.high - figure.value) == pytest.approx((half, half))


def test_where_all_seeds_agree_the_interval_is_the_bootstrap_over_pictures():
    values = np.random.default_rng(0).normal(0.5, 0.1, 400)
    figure = figure_of(np.stack([values, values, values]))
    half = 1.96 * values.std() / 20
    assert figure.high - figure.low == pytest.approx(2 * half, rel=0.1)


def test_both_kinds_of_luck_widen_it():
    random = np.random.default_rng(0)
    pictures = random.normal(0, 0.1, 200)
    seeds = np.array([[-0.05], [0.0], [0.05]])
    both, pictures_alone = figure_of(pictures + seeds), figure_of(np.stack([pictures] * 3))
    seeds_alone = figure_of(np.repeat(seeds, 200, axis=1))
    width = [figure.high - figure.low for figure in (both, pictures_alone, seeds_alone)]
    assert width[0] == pytest.approx(np.hypot(width[1], width[2]), rel=0.05)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    covered = []
    for _ in range(120):
        seeds, pictures = random.normal(0, 0.2, (3, 1)), random.normal(0, 1, (1, 40))
        figure = figure_of(seeds + pictures + random.normal(0, 0.1, (3, 40)))
        covered.append(figure.low <= 0 <= figure.high)
    assert np.mean(covered) > 0.9


def test_pictures_that_were_not_asked_about_do_not_count():
    values = np.array([[1.0, 9.0, 0.0], [9.0, 1.0, 0.0]])
    weights = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    assert figure_of(values, weights).value == pytest.approx(0.5)


def test_heavier_pictures_count_more():
    assert figure_of(np.array([[1.0, 0.0]]), np.array([[3.0, 1.0]])).value == pytest.approx(0.75)


def test_one_seed_gives_the_pictures_interval_alone():
    figure = figure_of(np.random.default_rng(0).normal(0, 1, (1, 100)))
    assert figure.high - figure.low == pytest.approx(2 * 1.96 / 10, rel=0.3)


def test_shares_stay_shares():
    figure = figure_of(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), bounds=SHARES)
    assert (figure.low, figure.high) == (0.0, 1.0)


def test_a_share_has_wilsons_interval():
    figure = share_right(98, 100)
    assert figure.value == 0.98
    assert (figure.low, figure.high) == pytest.approx((0.9300, 0.9945), abs=1e-4)
    assert share_right(10, 10).high == 1.0


def test_what_is_computed_has_no_interval():
    assert exact(0.25).low == exact(0.25).high == 0.25


def test_the_same_scores_give_the_same_interval():
    values = np.random.default_rng(0).normal(0, 1, (3, 30))
    assert figure_of(values) == figure_of(values)
