import numpy as np
import pytest

from feature_node.placement.greedy import Greedy
from feature_node.placement.ours import Ours
from feature_node.placement.place import OURS, place
from feature_node.placement.plan import violations
from privacy_lab.placement.exact import can_serve
from privacy_lab.placement.simulator import PATIENCE, Request, Subject, poisson, simulate, site
from tests.unit.feature_node.placement.made import CAPPED, SMALL, alike, device, fleet

SUBJECT = Subject(SMALL, CAPPED)


def at(*times: float) -> tuple[Request, ...]:
    return tuple(Request(time, 0) for time in times)


def test_poisson_requests_come_at_the_asked_rate_for_every_subject() -> None:
    requests = poisson(3000, 3, seed=1)
    gaps = np.diff([request.arrives for request in requests])
    assert gaps.mean() == pytest.approx(1 / 3, rel=0.05)
    assert gaps.std() == pytest.approx(1 / 3, rel=0.1)
    assert {request.subject for request in requests} == {0, 1, 2}
    assert poisson(3000, 3, seed=1) == requests != poisson(3000, 3, seed=2)


def test_an_idle_site_answers_in_the_plans_own_time() -> None:
    site_ = alike(6)
    outcome = simulate(site_, [SUBJECT], at(0.5, 60.5), OURS, 10.0)
    expected = place(SMALL, site_, CAPPED).latency_seconds
    assert outcome.seconds == pytest.approx([expected, expected])
    assert (outcome.rejected, outcome.given_up, outcome.refused) == (0, 0, [])
    assert outcome.shared_bytes > 0


def test_what_a_period_cannot_do_waits_for_the_next() -> None:
    # Each helper may send what one request needs, not what two need.
    tight = fleet(*(device(f"h{n}", period=0.01) for n in range(3)))
    outcome = simulate(tight, [SUBJECT], at(0.001, 0.002), OURS, 1.0)
    assert (outcome.rejected, outcome.given_up) == (1, 0)
    assert outcome.rejected_share == 0.5
    assert outcome.seconds[1] > 0.99


def test_memory_is_free_again_when_a_request_is_answered() -> None:
    tight = fleet(*(device(f"h{n}", memory=600) for n in range(3)))
    soon = simulate(tight, [SUBJECT], at(0.0, 0.0001), OURS, 100.0)
    late = simulate(tight, [SUBJECT], at(0.0, 50.0), OURS, 100.0)
    assert (soon.rejected, late.rejected) == (1, 0)


def test_requests_that_can_never_be_placed_are_given_up() -> None:
    outcome = simulate(alike(2), [SUBJECT], at(0.0, 0.1), OURS, 1.0)
    assert (outcome.rejected, outcome.given_up, outcome.seconds) == (2, 2, [])
    assert len(outcome.refused) == 1 + PATIENCE  # asked again only when something was free again
    assert not any(can_serve(problem) for problem in outcome.refused[:2])


@pytest.mark.parametrize("solver", [Ours(thrift=4.0), Greedy()])
def test_nothing_is_used_twice(solver) -> None:
    class Watching:
        name = "watching"

        def solve(self, problem):
            held = solver.solve(problem)
            assert violations(problem, held) == ()
            return held

    crowded = fleet(*(device(f"h{n}", period=0.05, memory=3000) for n in range(4)))
    outcome = simulate(crowded, [SUBJECT], poisson(40, 1, seed=2), Watching(), 1.0)
    assert len(outcome.seconds) + outcome.given_up == 40


def test_the_papers_devices_have_the_papers_rates() -> None:
    made = site({"rpi3": 1, "stm32h7": 1}, period=10.0)
    assert made.source.multiplications_per_second == 560e6
    small = made.helpers[1]
    assert (small.memory_bytes, small.multiplications_per_second) == (1e6, 40e6)
    assert small.rate_bytes_per_second * 8 == pytest.approx(7.2e6)
    assert small.bandwidth_bytes == 10 * small.rate_bytes_per_second
