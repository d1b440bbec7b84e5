"""What a site may want of its budget; what it cannot have is named."""

import math

import pytest

from broker.plain_json import decode_plain, encode_plain
from feature_node.budget.limits import Limits
from feature_node.budget.settings import BudgetSettings
from feature_node.errors import BadSettings


def test_nothing_is_limited_and_unchanged_regions_are_repeated_unless_said_otherwise():
    plain = BudgetSettings()
    assert plain.limits == Limits()
    assert plain.limits.limited == ()
    assert plain.limits.smallest is None
    assert plain.repeats


def test_it_travels_as_json():
    wanted = BudgetSettings(minute=40, hour=600, day=5000, when_spent="widen", fresh_every=2.5)
    assert decode_plain(encode_plain(wanted), BudgetSettings) == wanted
    assert wanted.limits.limited == ("minute", "hour", "day")
    assert wanted.limits.smallest == 40


def test_the_rate_alone_may_repeat_or_nothing():
    assert BudgetSettings(repeat_unchanged=False, fresh_every=1).repeats
    assert not BudgetSettings(repeat_unchanged=False).repeats


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (window, value)
            for window in ("minute", "hour", "day")
            for value in (0, -1, math.nan, math.inf, 2e9)
        ),
        ("minute", 1e-7),
        ("unchanged_within", -0.1),
        ("unchanged_within", 1.5),
        ("unchanged_within", math.nan),
        ("fresh_every", -1),
        ("fresh_every", math.nan),
        ("fresh_every", 100_000),
    ],
)
def test_what_cannot_be_meant_is_named(name, value):
    with pytest.raises(BadSettings, match=f"edge.budget.{name}"):
        BudgetSettings(**{name: value})
