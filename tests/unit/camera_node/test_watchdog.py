"""The states of a camera follow from what happens, and from what does not."""

import pytest

from camera_node.watchdog import Watchdog


def running(stall_after: float | None = 3.0, frozen_after: float | None = 10.0) -> Watchdog:
    watchdog = Watchdog(stall_after, frozen_after)
    watchdog.connecting()
    watchdog.opened(0.0)
    watchdog.picture(0.0)
    return watchdog


def test_the_way_to_running() -> None:
    watchdog = Watchdog(3.0, None)
    assert watchdog.state == "not_started"
    watchdog.connecting("first attempt")
    assert (watchdog.state, watchdog.detail) == ("connecting", "first attempt")
    watchdog.opened(1.0)
    assert watchdog.state == "connecting"
    watchdog.picture(1.5)
    assert watchdog.state == "running"


def test_silence_is_a_stall_and_a_picture_ends_it() -> None:
    watchdog = running()
    watchdog.tick(2.9)
    assert watchdog.state == "running"
    watchdog.tick(3.1)
    assert watchdog.state == "stalled"
    assert "no picture for 3 s" in watchdog.detail
    watchdog.picture(4.0)
    assert watchdog.state == "running"


def test_silence_of_a_file_is_normal() -> None:
    watchdog = running(stall_after=None)
    watchdog.tick(1000.0)
    assert watchdog.state == "running"


def test_one_picture_again_and_again_is_frozen_until_it_changes() -> None:
    watchdog = running()
    for tenth in range(1, 120):
        watchdog.picture(tenth / 10, changed=False)
        watchdog.tick(tenth / 10)
        assert watchdog.state == ("running" if tenth < 100 else "frozen")
    watchdog.picture(12.0, changed=True)
    assert watchdog.state == "running"


def test_frozen_is_never_said_where_it_is_turned_off() -> None:
    watchdog = running(frozen_after=None)
    for second in range(1000):
        watchdog.picture(float(second), changed=False)
    assert watchdog.state == "running"


def test_a_frozen_camera_that_falls_silent_is_stalled() -> None:
    watchdog = running()
    for second in range(1, 12):
        watchdog.picture(float(second), changed=False)
    assert watchdog.state == "frozen"
    watchdog.tick(15.0)
    assert watchdog.state == "stalled"


@pytest.mark.parametrize("state", ["connecting", "ended", "failed"])
def test_time_alone_changes_no_other_state(state: str) -> None:
    watchdog = running()
    {"connecting": watchdog.connecting, "ended": watchdog.ended, "failed": lambda: watchdog.failed("why")}[
        state
    ]()
    watchdog.tick(1000.0)
    assert watchdog.state == state


def test_the_rate_is_of_the_last_seconds() -> None:
    watchdog = running()
    for tick in range(400):
        now = tick / 20
        watchdog.picture(now)
        watchdog.tick(now)
    assert watchdog.fps() == pytest.approx(20, rel=0.1)
    watchdog.connecting()
    assert watchdog.fps() == 0.0
