import math

import pytest

from feature_node.errors import BadPlan, Infeasible, NoRoom
from feature_node.placement.place import place
from feature_node.placement.plan import Plan, violations
from feature_node.placement.problem import Problem
from feature_node.placement.replan import replan
from tests.unit.feature_node.placement.made import CAPPED, FREE_TAIL, SMALL, TINY, alike, caps, device, fleet


def named(plan: Plan, layer: int) -> list[str]:
    return ["source" if holder < 0 else plan.helpers[holder] for holder in plan.holders[layer]]


@pytest.mark.parametrize("topology", ["mesh", "star"])
@pytest.mark.parametrize("capped", [CAPPED, FREE_TAIL])
def test_only_what_the_lost_helper_held_moves(topology, capped) -> None:
    before = place(SMALL, alike(6), capped, topology=topology)
    gone = "h1"
    site = fleet(*(each for each in alike(6).helpers if each.name != gone))
    after = replan(before, SMALL, site, capped, worth=math.inf)
    assert violations(Problem.of(SMALL, site, capped, topology), after.holders) == ()
    for layer in range(len(SMALL.layers)):
        for old, new in zip(named(before, layer), named(after, layer), strict=True):
            assert new == old if old != gone else new != gone
    assert after.devices_sha256 == site.sha256
    assert after.solver == "ours repaired"
    assert replan(after, SMALL, site, capped, worth=math.inf) == after


def test_a_helper_that_joins_is_used_where_it_is_worth_new_weights() -> None:
    slow = [device(f"h{n}", e=1e5) for n in range(4)]
    before = place(SMALL, fleet(*slow), FREE_TAIL)
    site = fleet(*slow, *(device(f"new{n}", e=1e7) for n in range(4)))
    assert replan(before, SMALL, site, FREE_TAIL).solver == "ours"
    kept = replan(before, SMALL, site, FREE_TAIL, worth=1e6)
    assert [named(kept, layer) for layer in range(7)] == [named(before, layer) for layer in range(7)]


def test_too_few_that_are_left_are_refused() -> None:
    before = place(SMALL, alike(3), CAPPED)
    with pytest.raises(Infeasible, match=r"\(8f\)"):
        replan(before, SMALL, alike(2), CAPPED)


def test_a_plan_of_another_network_is_refused() -> None:
    with pytest.raises(BadPlan, match="another small"):
        replan(place(SMALL, alike(3), CAPPED), TINY, alike(3), CAPPED)


def test_lost_maps_go_to_those_that_know_them_and_past_exposure_counts() -> None:
    capped = caps(conv2=4)
    before = place(SMALL, alike(3), capped, topology="star")
    gone = before.helpers[before.holders[2][0]]
    site = fleet(*(each for each in alike(3).helpers if each.name != gone))
    lost = [number for number, holder in enumerate(named(before, 2)) if holder == gone]
    first, second = (each.name for each in site.helpers)
    held = {
        name: frozenset(n for n, each in enumerate(named(before, 2)) if each == name)
        for name in (first, second)
    }
    knows = {**held, second: held[second] | set(lost)}
    seen = [{} if layer != 2 else knows for layer in range(len(SMALL.layers))]
    after = replan(before, SMALL, site, capped, worth=math.inf, seen=seen)
    assert [named(after, 2)[number] for number in lost] == [second] * len(lost)
    spent = {**knows, second: held[second], first: held[first] | {90, 91, 92}}
    seen[2] = spent
    with pytest.raises((Infeasible, NoRoom)):
        replan(before, SMALL, site, caps(conv2=3), worth=math.inf, seen=seen)
