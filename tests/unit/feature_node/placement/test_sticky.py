"""No helper ever sees more maps of a layer than its share, whoever comes and goes; and nobody is refused
needlessly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.errors import NoRoom
from feature_node.placement.sticky import assigned

HELPERS = tuple(f"h{k}" for k in range(6))


def wanted(*helpers: str, maps: int) -> dict[str, int]:
    """Give each helper as much as the next."""
    share, more = divmod(maps, len(helpers))
    return {helper: share + (place < more) for place, helper in enumerate(helpers)}


def test_a_first_plan_is_followed() -> None:
    shares = assigned(10, {"a": 4, "b": 6, "c": 0}, {}, 6)
    assert {helper: len(maps) for helper, maps in shares.items()} == {"a": 4, "b": 6}


def test_helpers_get_again_what_they_have_seen() -> None:
    first = assigned(8, wanted("a", "b", "c", maps=8), {}, 5)
    seen = {helper: frozenset(maps) for helper, maps in first.items()}
    assert assigned(8, wanted("a", "b", "c", maps=8), seen, 5) == first


def test_who_has_seen_too_much_gets_nothing() -> None:
    shares = assigned(4, wanted("a", "b", maps=4), {"a": frozenset(range(4))}, 3 + 1)
    assert "a" in shares
    with pytest.raises(NoRoom):
        assigned(4, wanted("a", "b", maps=4), {"a": frozenset(range(4))}, 3)


def test_a_newcomer_takes_its_part_and_nobody_else_sees_more() -> None:
    seen = {"a": frozenset(range(4)), "b": frozenset(range(4, 8))}
    shares = assigned(8, {"a": 3, "b": 3, "new": 2}, seen, 6)
    assert len(shares["new"]) == 2
    assert set(shares["a"]) <= seen["a"]
    assert set(shares["b"]) <= seen["b"]


def test_lacking_helpers_are_told_by_how_much() -> None:
    with pytest.raises(NoRoom, match="2 of 8 maps"):
        assigned(8, wanted("a", "b", maps=8), {}, 3)


@settings(deadline=None)
@given(st.data())
def test_over_any_history_every_map_is_held_once_and_no_share_is_passed(data: st.DataObject) -> None:
    maps, share = data.draw(st.integers(1, 24)), data.draw(st.integers(1, 8))
    seen: dict[str, frozenset[int]] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        here = data.draw(st.lists(st.sampled_from(HELPERS), min_size=1, unique=True))
        known = frozenset().union(*(seen.get(helper, frozenset()) for helper in here))
        room = sum(share - len(seen.get(helper, ())) for helper in here)
        possible = maps - len(known) <= room
        try:
            shares = assigned(maps, wanted(*here, maps=maps), seen, share)
        except NoRoom:
            assert not possible
            continue
        assert possible
        assert sorted(number for numbers in shares.values() for number in numbers) == list(range(maps))
        assert set(shares) <= set(here)
        for helper, numbers in shares.items():
            seen[helper] = seen.get(helper, frozenset()).union(numbers)
            assert len(seen[helper]) <= share
