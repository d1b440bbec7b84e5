"""Helpers see less where that costs next to nothing, and never where it breaks a constraint."""

import msgspec
import numpy as np
import pytest

from feature_node.placement.ours import Ours
from feature_node.placement.place import place
from feature_node.placement.plan import Plan, violations
from feature_node.placement.problem import Problem
from tests.unit.feature_node.placement.made import SMALL, alike, caps, device, fleet

FREE = caps()
CONV2 = 2


def shares(plan: Plan, layer: int = CONV2) -> list[int]:
    held = np.bincount(np.asarray(plan.holders[layer]) + 1, minlength=len(plan.helpers) + 1)[1:]
    return sorted(held.tolist(), reverse=True)


def star(helpers: int, rate: float, ease: float, capped=FREE) -> Plan:
    site = fleet(
        *(device(f"h{n}", e=1e7, rate=rate) for n in range(helpers)), source=device("camera", rate=rate)
    )
    return place(SMALL, site, capped, solver=Ours(ease=ease), topology="star")


@pytest.mark.parametrize("rate", [1e6, 1e7, 1e8, 1e9])
def test_largest_shares_are_smaller_and_the_price_is_kept_to(rate) -> None:
    quickest, eased = star(6, rate, 0.0), star(6, rate, 0.05)
    assert eased.latency_seconds <= 1.05 * quickest.latency_seconds * (1 + 1e-9)
    assert shares(eased)[0] <= shares(quickest)[0]
    site = Problem.of(SMALL, fleet(*alike(6).helpers), FREE, "star")
    assert not [
        broken for broken in violations(site, eased.holders) if broken.constraint in {"8e", "8f", "8h"}
    ]


def test_where_answers_cost_nothing_everybody_holds_as_little_as_can_be() -> None:
    assert shares(star(6, 1e9, 0.05)) == [1] * 6
    assert shares(star(4, 1e9, 0.05))[0] == 2


def test_where_each_answer_is_dear_few_hold_all() -> None:
    assert shares(star(6, 1e5, 0.0))[1:] == [0] * 5
    assert shares(star(6, 1e5, 0.05)) == shares(star(6, 1e5, 0.0))


def test_helpers_without_room_are_not_given_any() -> None:
    small = msgspec.structs.replace(device("small", rate=1e9), memory_bytes=1.0)
    site = fleet(device("a", rate=1e9), device("b", rate=1e9), small, source=device("camera", rate=1e9))
    plan = place(SMALL, site, FREE, topology="star")
    assert plan.maps_of(2, CONV2) == ()
    assert shares(plan)[:2] == [3, 3]
