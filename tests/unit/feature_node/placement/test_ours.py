import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.errors import BadPlan, Infeasible
from feature_node.placement.greedy import Greedy
from feature_node.placement.model import Network
from feature_node.placement.place import place
from feature_node.placement.plan import violations
from feature_node.placement.problem import Problem
from tests.unit.feature_node.placement.made import (
    CAPPED,
    FREE_TAIL,
    SMALL,
    alike,
    caps,
    conv,
    device,
    fleet,
)

numbers = st.sampled_from([0.2e6, 0.5e6, 1e6, 3e6])
devices = st.lists(
    st.tuples(numbers, numbers, st.sampled_from([600.0, 2000.0, 1e6]), st.sampled_from([0.01, 0.05, 10])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(made=devices, capped=st.sampled_from([CAPPED, FREE_TAIL]), topology=st.sampled_from(["mesh", "star"]))
def test_a_plan_keeps_every_constraint_or_there_is_none(made, capped, topology) -> None:
    site = fleet(
        *(device(f"h{n}", e=e, rate=r, memory=m, period=p) for n, (e, r, m, p) in enumerate(made)),
        source=device("camera", memory=1e7),
    )
    try:
        plan = place(SMALL, site, capped, topology=topology)
    except Infeasible as error:
        assert error.constraint in str(error)
        return
    assert violations(Problem.of(SMALL, site, capped, topology), plan.holders) == ()
    assert plan.latency_seconds == pytest.approx(sum(plan.layer_seconds))


def test_slow_senders_are_left_out_where_quick_ones_suffice() -> None:
    quick = [device(f"quick{n}", rate=10e6) for n in range(4)]
    slow = [device(f"slow{n}", rate=0.01e6) for n in range(4)]
    plan = place(SMALL, fleet(*slow, *quick), CAPPED)
    assert {plan.helpers[holder] for held in plan.holders for holder in held if holder >= 0} <= {
        each.name for each in quick
    }


def test_work_is_shared_by_speed() -> None:
    net = Network(name="three", layers=(conv("a", 3, 12), conv("b", 12, 12), conv("c", 12, 2)))
    plan = place(net, fleet(device("one", e=1e5), device("two", e=2e5)), caps(net))
    assert plan.holders[1].count(1) == 2 * plan.holders[1].count(0)


@pytest.mark.parametrize(
    ("site", "capped", "said"),
    [
        (alike(2), CAPPED, r"\(8f\) conv2: 6 maps, at most 2 a helper: 3 helpers are needed, there are 2"),
        (alike(8), caps(ReLU1=0, conv2=0), r"\(8f\) conv2: not even one map"),
        (fleet(*(device(f"h{n}", memory=100) for n in range(8))), CAPPED, r"\(8b\) conv2: 6 of 6 maps"),
        (fleet(*(device(f"h{n}", memory=5000) for n in range(8))), FREE_TAIL, r"\(8b\) fc1: no helper has"),
        (fleet(*(device(f"h{n}", period=0.001) for n in range(8))), CAPPED, r"\(8[cd]\) conv2: 6 of 6 maps"),
        (
            fleet(*(device(f"h{n}") for n in range(8)), source=device("camera", memory=10)),
            CAPPED,
            r"\(8b\) camera",
        ),
    ],
)
def test_what_cannot_be_placed_says_what_is_missing(site, capped, said) -> None:
    with pytest.raises(Infeasible, match=said) as caught:
        place(SMALL, site, capped)
    assert caught.value.short > 0


def test_a_network_that_is_no_chain_needs_a_star() -> None:
    branched = Network(name="branched", layers=(conv("a", 3, 4), conv("b", 8, 4), conv("c", 4, 2)))
    with pytest.raises(BadPlan, match="take topology star"):
        place(branched, alike(2), caps(branched))
    assert place(branched, alike(2), caps(branched), topology="star").topology == "star"


@pytest.mark.parametrize("topology", ["mesh", "star"])
def test_layers_that_the_source_keeps_are_not_handed_out(topology) -> None:
    kept = msgspec.structs.replace(CAPPED, kept=4)
    plan = place(SMALL, alike(3), kept, topology=topology)
    assert all(set(held) == {-1} for held in plan.holders[:4])
    if topology == "mesh":
        assert -1 not in plan.holders[4]
        assert place(SMALL, alike(3), kept, solver=Greedy()).holders[3] == (-1,) * 8
