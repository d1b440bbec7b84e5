import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.errors import BadPlan, Infeasible
from feature_node.placement.greedy import Greedy
from feature_node.placement.place import place
from tests.unit.feature_node.placement.made import CAPPED, FREE_TAIL, SMALL, alike, caps, device, fleet

numbers = st.sampled_from([0.2e6, 0.5e6, 1e6, 3e6])


@settings(max_examples=40, deadline=None)
@given(
    made=st.lists(st.tuples(numbers, numbers, st.sampled_from([600.0, 2000.0, 1e6])), min_size=1, max_size=6),
    capped=st.sampled_from([CAPPED, FREE_TAIL]),
)
def test_what_it_places_keeps_every_constraint(made, capped) -> None:
    site = fleet(
        *(device(f"h{n}", e=e, rate=r, memory=m, period=0.05) for n, (e, r, m) in enumerate(made)),
        source=device("camera", memory=1e7),
    )
    try:
        plan = place(SMALL, site, capped, solver=Greedy())  # a broken constraint would be a BadPlan
    except Infeasible:
        return
    assert plan.solver == "algorithm-1"


def test_it_gives_the_same_helper_all_that_it_may_see() -> None:
    # Line 16 counts one segment: what the quickest holds already does not slow it down.
    plan = place(SMALL, fleet(device("h0"), device("h1", e=2e6), device("h2")), CAPPED, solver=Greedy())
    assert plan.holders[2] == (1, 1, 2, 2, 0, 0)


def test_bandwidth_weighs_against_speed() -> None:
    quick_but_poor = device("h0", e=2e6, rate=1e6, period=0.02)
    plan = place(SMALL, fleet(quick_but_poor, device("h1", period=10)), caps(), solver=Greedy())
    assert plan.holders[2] == (1,) * 6


def test_a_request_without_room_is_rejected_with_the_condition() -> None:
    with pytest.raises(Infeasible, match=r"\(8f\) ReLU1"):
        place(SMALL, alike(2), CAPPED, solver=Greedy())
    with pytest.raises(BadPlan, match="mesh"):
        place(SMALL, alike(3), CAPPED, solver=Greedy(), topology="star")
