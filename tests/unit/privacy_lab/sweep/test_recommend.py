"""The least epsilon that holds is chosen; where none does, the nearest miss is named."""

import pytest

from privacy_lab.errors import BadData
from privacy_lab.sweep.points import Sweep
from privacy_lab.sweep.recommend import Wanted, recommend
from tests.unit.privacy_lab.sweep.written import point

WANTED = Wanted(max_loss=2.0, max_ssim=0.2)
CURVE = (
    point(1, 0.50, 0.05),
    point(10, 0.93, 0.10),  # loses exactly 2 points
    point(100, 0.94, 0.15),
    point(1000, 0.95, 0.60),
)


def test_the_least_epsilon_that_holds_is_chosen() -> None:
    advice = recommend(Sweep(points=CURVE), "gtsrb10", WANTED)
    assert advice.chosen is not None
    assert advice.chosen.epsilon == 10
    assert advice.nearest == advice.chosen
    assert [found.epsilon for found in advice.evidence] == [1, 10, 100, 1000]
    assert (advice.chosen.attack, advice.chosen.floor) == ("decoder", 0.05)


def test_averaging_many_releases_is_not_held_against_one() -> None:
    advice = recommend(Sweep(points=CURVE), "gtsrb10", WANTED)
    assert advice.evidence[2].ssim == pytest.approx(0.15)
    assert advice.chosen is not None


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [(Wanted(0.5, 0.14), 100), (Wanted(0.0, 0.05), 100), (Wanted(50.0, 0.01), 1)],
)
def test_where_nothing_holds_the_nearest_miss_is_named(wanted: Wanted, nearest: float) -> None:
    advice = recommend(Sweep(points=CURVE), "gtsrb10", wanted)
    assert advice.chosen is None
    assert advice.nearest is not None
    assert advice.nearest.epsilon == nearest


def test_seeds_are_averaged_and_the_highest_end_of_an_interval_kept() -> None:
    seeds = (point(10, 0.94, 0.10, seed=7), point(10, 0.92, 0.20, seed=8))
    (found,) = recommend(Sweep(points=seeds), "gtsrb10", WANTED).evidence
    assert (found.seeds, found.loss, found.ssim) == (2, pytest.approx(2.0), pytest.approx(0.15))
    assert found.ssim_high == pytest.approx(0.21)


def test_what_may_be_seen_can_count_from_what_the_answer_shows_anyway() -> None:
    assert recommend(Sweep(points=CURVE), "gtsrb10", Wanted(2.0, 0.04, over_floor=True)).chosen is None
    advice = recommend(Sweep(points=CURVE), "gtsrb10", Wanted(2.0, 0.05, over_floor=True))
    assert advice.chosen is not None
    assert advice.chosen.epsilon == 10


def test_what_was_not_attacked_is_not_recommended() -> None:
    points = (point(5, 0.95, None), point(10, 0.95, 0.1), point(20, 0.95, 0.1), point(20, 0.95, None, seed=8))
    advice = recommend(Sweep(points=points), "gtsrb10", WANTED)
    assert advice.chosen is not None
    assert advice.chosen.epsilon == 10
    alone = recommend(Sweep(points=points[:1]), "gtsrb10", WANTED)
    assert (alone.chosen, alone.nearest) == (None, None)


def test_a_guarantee_for_all_numbers_comes_before_one_for_each() -> None:
    per_coordinate = point(0.01, 0.95, 0.1)
    joint = point(8, 0.95, 0.1, method="laplace-l1")
    advice = recommend(Sweep(points=(per_coordinate, joint)), "gtsrb10", WANTED)
    assert advice.chosen is not None
    assert (advice.chosen.method, advice.chosen.epsilon) == ("laplace-l1", 8)


def test_a_bundles_own_points_are_found_by_its_id_and_cases_and_methods_kept_apart() -> None:
    other = point(3, 0.95, 0.1, task="tiny", method="bundle", bundle="b" * 16)
    mine = point(4, 0.95, 0.1, task="tiny", method="bundle", bundle="a" * 16)
    case3 = point(2, 0.95, 0.1, case=3)
    sweep = Sweep(points=(*CURVE, other, mine, case3))
    advice = recommend(sweep, "tiny", WANTED, bundle="a" * 16)
    assert [found.epsilon for found in advice.evidence] == [4]
    assert [found.case for found in recommend(sweep, "gtsrb10", WANTED, case=3).evidence] == [3]
    with pytest.raises(BadData, match="no such points"):
        recommend(sweep, "gtsrb10", WANTED, method="ours")


def test_a_bundle_that_was_not_swept_is_named_with_what_was() -> None:
    with pytest.raises(BadData, match=r"tiny: the sweep has no such points\. It has points of gtsrb10"):
        recommend(Sweep(points=CURVE), "tiny", WANTED, bundle="a" * 16)
    with pytest.raises(BadData, match="It is empty"):
        recommend(Sweep(points=()), "tiny", WANTED)
