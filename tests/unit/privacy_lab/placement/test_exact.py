"""The exact solver against all placements, one by one, of networks small enough to try them."""

from contextlib import suppress
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.errors import Infeasible
from feature_node.placement.costs import layer_seconds
from feature_node.placement.greedy import Greedy
from feature_node.placement.model import Device
from feature_node.placement.place import place
from feature_node.placement.plan import violations
from feature_node.placement.privacy import at_source
from feature_node.placement.problem import Problem
from privacy_lab.errors import PlacementUnsolved
from privacy_lab.placement.exact import Exact, can_serve
from tests.unit.feature_node.placement.made import (
    CAPPED,
    SMALL,
    TINY,
    alike,
    caps,
    device,
    fleet,
)

numbers = st.sampled_from([0.1e6, 0.5e6, 2e6])
helpers = st.lists(
    st.tuples(numbers, numbers, st.sampled_from([150.0, 400.0, 1e6]), st.sampled_from([0.001, 0.004, 1])),
    min_size=2,
    max_size=2,
)


def priced(one: Device, message: float) -> Device:
    return msgspec.structs.replace(one, message_seconds=message)


def best_of_all(problem: Problem) -> float | None:
    layers = problem.network.layers
    own = at_source(problem.network, problem.caps, problem.topology)
    ways = [
        [(-1,) * layer.maps_in] if here else list(product((0, 1), repeat=layer.maps_in))
        for layer, here in zip(layers, own, strict=True)
    ]
    lawful = [held for held in product(*ways) if not violations(problem, held)]
    seconds = [layer_seconds(problem.network, problem.fleet, held, problem.topology).sum() for held in lawful]
    return min(seconds, default=None)


@settings(max_examples=12, deadline=None)
@given(
    made=helpers,
    most=st.sampled_from([{"r": 1}, {"b": 1, "p": 1}, {}]),
    topology=st.sampled_from(["mesh", "star"]),
    kept=st.sampled_from([1, 3]),
    message=st.sampled_from([0.0, 2e-4, 2e-2]),
)
def test_it_finds_the_best_of_all_placements(made, most, topology, kept, message) -> None:
    cost = message if topology == "star" else 0.0
    site = fleet(
        *(
            priced(device(f"h{n}", e=e, rate=r, memory=m, period=p), cost)
            for n, (e, r, m, p) in enumerate(made)
        ),
        source=priced(device("camera", period=1e3), cost / 2),
    )
    capped = msgspec.structs.replace(caps(TINY, **most), kept=kept)
    problem = Problem.of(TINY, site, capped, topology)
    best = best_of_all(problem)
    if best is None:
        with pytest.raises(Infeasible, match="proved"):
            place(TINY, site, problem.caps, solver=Exact(), topology=topology)
        return
    found = place(TINY, site, problem.caps, solver=Exact(), topology=topology)
    assert found.latency_seconds == pytest.approx(best, rel=1e-5)
    assert can_serve(problem)
    with suppress(Infeasible):  # ours is a heuristic: it may miss what hardly fits
        assert place(TINY, site, problem.caps, topology=topology).latency_seconds >= best * (1 - 1e-9)


def test_neither_heuristic_is_quicker_than_the_best() -> None:
    site = fleet(device("h0", e=3e6), device("h1", rate=4e6), device("h2", e=0.4e6, rate=0.3e6))
    best = place(SMALL, site, CAPPED, solver=Exact()).latency_seconds
    ours, algorithm_1 = place(SMALL, site, CAPPED), place(SMALL, site, CAPPED, solver=Greedy())
    assert best <= ours.latency_seconds * (1 + 1e-6) <= algorithm_1.latency_seconds * (1 + 1e-6)


def test_colluders_may_share_a_cap_unevenly() -> None:
    # Three maps for any two helpers: 2 + 1 + 1 + 1 + 1 hold six; each one alone would be held to floor(3/2).
    pairs = caps(colluding=2, ReLU1=3, conv2=3)
    problem = Problem.of(SMALL, alike(6), pairs, "mesh")
    held = Exact().solve(problem)
    assert violations(problem, held) == ()
    assert can_serve(Problem.of(SMALL, alike(5), pairs, "mesh"))
    assert not can_serve(Problem.of(SMALL, alike(4), pairs, "mesh"))


def test_too_little_time_is_said_and_not_taken_for_an_answer() -> None:
    with pytest.raises(PlacementUnsolved, match="did not finish"):
        Exact(1e-6).solve(Problem.of(SMALL, alike(6), CAPPED, "mesh"))
