"""Watchers get the newest state, are bounded in number, and are counted."""

import asyncio

import pytest

from monitoring.errors import TooManyWatchers
from monitoring.live.hub import Hub
from monitoring.metrics import LIVE_STATES_SKIPPED, LIVE_WATCHERS


def value(metric: object) -> float:
    return metric._value.get()  # type: ignore[attr-defined, no-any-return]


async def test_a_slow_watcher_finds_the_newest_and_misses_what_was_before() -> None:
    hub = Hub(lambda count: None)
    skipped = value(LIVE_STATES_SKIPPED)
    with hub.watch() as slow, hub.watch() as quick:
        for state in (b"1", b"2", b"3"):
            hub.publish(state)
            assert await quick.newest() == state
        assert await slow.newest() == b"3"
        waits = asyncio.ensure_future(slow.newest())
        await asyncio.sleep(0)
        assert not waits.done(), "a state is given twice"
        hub.publish(b"4")
        assert await waits == b"4"
    assert value(LIVE_STATES_SKIPPED) - skipped == 2


async def test_more_than_may_are_refused_until_one_goes() -> None:
    counts: list[int] = []
    hub = Hub(counts.append, most=2)
    with hub.watch():
        with hub.watch(), pytest.raises(TooManyWatchers, match="2 pages"), hub.watch():
            pass
        with hub.watch():
            assert value(LIVE_WATCHERS) == 2
    assert counts == [1, 2, 1, 2, 1, 0]
    assert value(LIVE_WATCHERS) == 0


async def test_a_newcomer_sees_at_once_what_the_others_see() -> None:
    hub = Hub(lambda count: None)
    with hub.watch():
        hub.publish(b"state")
        with hub.watch() as newcomer:
            assert await newcomer.newest() == b"state"
    with hub.watch() as first:
        # Nobody watched in between, so what was published last is old.
        late = asyncio.ensure_future(first.newest())
        await asyncio.sleep(0)
        assert not late.done()
        late.cancel()
