"""The pure parts of the benchmarks' harness: numbers, verdicts and turns."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness import (
    BenchmarkError,
    Context,
    Row,
    Spread,
    Target,
    paired_ratio,
    percentile,
    prose,
    spread,
)

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def a_context(**changes: object) -> Context:
    fields = {
        "data": Path("data"),
        "work": Path("work"),
        "quick": False,
        "plan": lambda steps: None,
        "step": lambda what: None,
    }
    return Context(**{**fields, **changes})


def a_row(ours: float, theirs: float | None, target: Target | None) -> Row:
    other = Spread((theirs,)) if theirs is not None else None
    return Row(what="speed", unit="frames/s", ours=Spread((ours,)), theirs=other, target=target)


def test_subjects_take_turns_and_keep_their_results_apart():
    turns = []

    def subject(name):
        return lambda: turns.append(name) or len(turns)

    results = a_context().interleave({"a": subject("a"), "b": subject("b")}, rounds=2)
    assert turns == ["a", "b", "a", "b"]
    assert results == {"a": [1, 3], "b": [2, 4]}


def test_steps_are_planned_before_they_are_taken():
    told = []
    context = a_context(plan=told.append, step=told.append)
    context.interleave({"a": lambda: 0, "b": lambda: 0}, rounds=1)
    assert told == [2, "a, round 1 of 1", "b, round 1 of 1"]


def test_a_quick_run_has_fewer_rounds():
    assert a_context(quick=True).rounds < a_context().rounds


def test_a_missing_clip_is_named():
    with pytest.raises(BenchmarkError, match="nowhere"):
        a_context().clip("nowhere.mp4")


@given(VALUES)
def test_percentiles_lie_between_least_and_greatest_and_rise(values):
    shares = [percentile(values, share) for share in (0.0, 0.25, 0.5, 0.95, 1.0)]
    assert shares[0] == min(values)
    assert shares[-1] == max(values)
    assert all(a <= b or math.isclose(a, b) for a, b in pairwise(shares))


def test_a_percentile_between_two_values_is_interpolated():
    assert percentile([0.0, 10.0], 0.25) == 2.5


def test_nothing_has_no_percentile():
    with pytest.raises(BenchmarkError):
        percentile([], 0.5)


def test_ratios_are_taken_round_by_round():
    # The second round was twice as slow for both: the machine, not the subjects.
    ratio = paired_ratio(Spread((10.0, 20.0)), Spread((5.0, 10.0)))
    assert ratio.values == (2.0, 2.0)


def test_rounds_that_do_not_pair_give_the_ratio_of_the_medians():
    assert paired_ratio(Spread((10.0,)), Spread((4.0, 5.0, 6.0))).values == (2.0,)
    assert paired_ratio(Spread((1.0,)), Spread((0.0,))).median == float("inf")


def test_noise_is_the_range_over_the_median():
    assert Spread((9.0, 10.0, 12.0)).noise == pytest.approx(0.3)
    assert Spread((0.0,)).noise == 0.0


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (a_row(150.0, None, Target("at most", 150.0, "ours")), True),
        (a_row(150.1, None, Target("at most", 150.0, "ours")), False),
        (a_row(8.0, 10.0, Target("at least", 0.8, "ratio")), True),
        (a_row(7.9, 10.0, Target("at least", 0.8, "ratio")), False),
        (a_row(7.9, None, Target("at least", 0.8, "ratio")), False),
        (a_row(1.0, 2.0, None), None),
    ],
)
def test_a_target_is_met_by_the_median(row, met):
    assert row.met is met


def test_one_quantity_is_collected_from_every_round():
    assert spread([(1, 2), (3, 4)], lambda pair: float(pair[1])).values == (2.0, 4.0)


def test_prose_is_one_line():
    assert prose("  a\n      b  ") == "a b"
