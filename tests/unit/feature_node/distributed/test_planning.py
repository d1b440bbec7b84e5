"""Plans of cut networks, and when they are made: for the helpers that are there, and never for older ones."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.distributed.graph import cut_network
from feature_node.distributed.messages import MessageSeconds
from feature_node.distributed.placements import GRACE_SECONDS, Placements
from feature_node.distributed.planning import network_of
from feature_node.distributed.roster import FIRST_REST, GONE, LATE, Roster
from feature_node.errors import NoPlacement
from tests.unit.feature_node.distributed.networks import plain, residual
from tests.unit.feature_node.distributed.site import capacity, planner_of

NETWORK = cut_network(plain())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def placements(tmp_path, clock: Clock, share: int | None = 2, expected: int = 1) -> tuple[Roster, Placements]:
    cut = cut_network(plain())
    roster = Roster(lambda _: None, clock)
    return roster, Placements(planner_of(cut, tmp_path / "seen", share), roster, expected, clock=clock)


def test_the_planner_is_told_what_a_segment_costs() -> None:
    network = network_of(cut_network(residual()), "net", ("short",))
    first, block, body, depth, pairs, last = network.layers
    assert (block.name, body.name) == ("short", "body2")
    assert (block.maps_in, block.maps_out) == (6, 16)
    assert block.multiplications == (9 * 8 + 1 * 8) * 36  # (2), for both convolutions of a map
    assert block.weight_bytes == (9 * 8 + 1 * 8) * 4  # (4)
    assert block.map_bytes_in == 12 * 12 * 4
    assert block.map_bytes_out == 36 * 4
    assert depth.multiplications == 9 * 36
    assert pairs.weight_bytes == 9 * 2 * 4
    assert first.multiplications == 6 * 3 * 9 * 144
    assert last.multiplications == 4 * 9 * 5


def test_every_layer_is_spread_within_the_caps(tmp_path) -> None:
    planner = planner_of(cut_network(residual()), tmp_path / "seen", 4, colluding=2)
    placement = planner.plan([capacity(f"h{k}") for k in range(4)])
    for layer, shares in zip(planner.network.layers[1:-1], placement.shares, strict=True):
        assert sum(map(len, shares.values())) == layer.maps_in
        assert max(map(len, shares.values())) <= 2


def test_after_a_death_survivors_keep_what_they_hold_and_only_lost_maps_move(tmp_path) -> None:
    planner = planner_of(cut_network(residual()), tmp_path / "seen", 4)
    before = planner.plan([capacity(f"h{k}") for k in range(5)])
    after = planner.plan([capacity(f"h{k}") for k in range(5) if k != 2])
    for old, new in zip(before.shares, after.shares, strict=True):
        lost = set(old.get("h2", ()))
        for name in ("h0", "h1", "h3", "h4"):
            kept, now = set(old.get(name, ())), set(new.get(name, ()))
            assert kept <= now
            assert now - kept <= lost
        assert sorted(number for numbers in new.values() for number in numbers) == list(
            range(sum(map(len, old.values())))
        )
    assert after.plan.solver == "ours repaired"


def test_a_helper_that_returns_is_given_back_what_nobody_else_may_see(tmp_path) -> None:
    planner = planner_of(cut_network(residual()), tmp_path / "seen", 2)
    everybody = [capacity(f"h{k}") for k in range(4)]
    before = planner.plan(everybody)
    with pytest.raises(NoPlacement, match="8f"):
        planner.plan(everybody[1:])
    assert planner.plan(everybody).shares == before.shares


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=6), st.integers(1, 4))
def test_whoever_comes_and_goes_nobody_ever_sees_more_than_its_share(comings, share) -> None:
    with TemporaryDirectory() as folder:
        planner = planner_of(NETWORK, Path(folder) / "seen", share)
        for there in comings:
            try:
                placement = planner.plan([capacity(f"h{k}") for k in sorted(there)])
            except NoPlacement:
                continue
            for layer, shares in enumerate(placement.shares):
                assert set(shares) <= {f"h{k}" for k in there}
                assert sum(map(len, shares.values())) == planner.network.layers[layer + 1].maps_in
                assert all(set(maps) <= planner.seen(layer)[name] for name, maps in shares.items())
                assert max(map(len, planner.seen(layer).values())) <= planner.share(layer)


def test_too_few_helpers_are_refused_with_the_constraint(tmp_path) -> None:
    planner = planner_of(cut_network(residual()), tmp_path / "seen", 2)
    with pytest.raises(NoPlacement, match=r"3 helpers are there: .*8f"):
        planner.plan([capacity(f"h{k}") for k in range(3)])


def test_messages_that_cost_are_said_apart_from_what_is_published(tmp_path) -> None:
    planner = planner_of(NETWORK, tmp_path / "seen", 2)
    helpers = [capacity(f"h{k}") for k in range(2)]
    free = planner.plan(helpers)
    assert free.message_seconds == 0
    dear = planner.plan(helpers, MessageSeconds(0.001, {"h0": 0.01, "h1": 0.02}))
    layers = len(dear.shares)
    assert dear.message_seconds == pytest.approx(layers * (3 * 0.001 + 0.02), rel=0.1)
    assert dear.plan.latency_seconds == pytest.approx(free.plan.latency_seconds + dear.message_seconds)


def test_a_plan_is_made_anew_when_the_helpers_are_others(tmp_path, clock) -> None:
    roster, made = placements(tmp_path, clock)
    for name in ("a", "b", "c"):
        roster.announced(capacity(name))
    first = made.now()
    assert made.now() is first
    roster.announced(capacity("a", run=2))
    assert made.now() is not first
    roster.announced(capacity("b", state="offline"))
    assert {name for name, _ in made.now().runs} == {"a", "c"}
    roster.announced(capacity("c", state="offline"))
    with pytest.raises(NoPlacement, match="1 helpers are there"):
        made.now()
    assert made.latest is None
    assert "8f" in made.why_not


def test_a_helper_that_failed_rests_longer_each_time(tmp_path, clock) -> None:
    roster, _ = placements(tmp_path, clock)
    roster.announced(capacity("a"))
    roster.told("a", "late")
    assert roster.working == ()
    clock.now += FIRST_REST
    assert [one.helper for one in roster.working] == ["a"]
    roster.told("a", "late")
    clock.now += FIRST_REST
    assert roster.working == ()
    clock.now += FIRST_REST
    roster.told("a", "")
    roster.told("a", "late")
    clock.now += FIRST_REST
    assert [one.helper for one in roster.working] == ["a"], "work that was done counts"
    roster.told("a", GONE)
    assert [one.helper for one in roster.working] == ["a"]
    roster.announced(capacity("a", run=2))
    assert [one.helper for one in roster.working] == ["a"]


def test_late_helpers_hold_their_maps_where_nobody_may_stand_in(tmp_path, clock) -> None:
    roster, made = placements(tmp_path, clock)
    for name in ("a", "b"):
        roster.announced(capacity(name))
    first = made.now()
    roster.told("a", LATE)
    roster.told("b", LATE)
    assert made.now().shares == first.shares
    roster.told("a", "")
    assert [one.helper for one in roster.working] == ["a"], "who answers is late no more"
    assert made.now().shares == first.shares
    roster.told("a", "wrong-answer")
    with pytest.raises(NoPlacement):
        made.now()
    clock.now += 2 * FIRST_REST
    assert made.now().shares == first.shares


def test_the_first_plan_waits_for_all_that_are_expected_and_not_for_ever(tmp_path, clock) -> None:
    roster, made = placements(tmp_path, clock, expected=4)
    for name in ("a", "b", "c"):
        roster.announced(capacity(name))
    with pytest.raises(NoPlacement, match="3 of 4 helpers are there"):
        made.now()
    clock.now += GRACE_SECONDS
    assert len(made.now().runs) == 3
