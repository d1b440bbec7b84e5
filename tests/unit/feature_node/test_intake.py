"""Frames wait bounded, fairly, and every one that is not taken is counted."""

import asyncio
import time

import pytest

from feature_node import intake as module
from feature_node.intake import Intake
from feature_node.tally import Tally
from tests.unit.feature_node.fakes import delivery, frame


def make(**changes):
    tally = Tally()
    return Intake(tally, **({"queue": 4, "queue_bytes": 2**20, "max_cameras": 3} | changes)), tally


def always(_):
    return True


async def take_all(intake, has_room=always):
    taken = []
    while len(intake):
        item = await asyncio.wait_for(intake.take(has_room), 5)
        item.passed()
        taken.append((item.frame.camera, item.frame.sequence))
    return taken


async def test_a_live_camera_has_one_slot_and_the_newest_wins():
    intake, tally = make()
    for number in range(5):
        intake.admit(delivery(frame(number, flow="newest")))
    assert await take_all(intake) == [("yard", 4)]
    assert tally.counts == {"yard": {"superseded": 4}}


async def test_an_older_live_frame_does_not_replace_a_newer_one():
    intake, tally = make()
    for number in (5, 3):
        intake.admit(delivery(frame(number, flow="newest")))
    assert await take_all(intake) == [("yard", 5)]
    assert tally.counts == {"yard": {"superseded": 1}}


async def test_a_new_run_replaces_the_frame_of_the_old_one():
    intake, _ = make()
    intake.admit(delivery(frame(900, flow="newest")))
    intake.admit(delivery(frame(0, flow="newest", run=8)))
    assert await take_all(intake) == [("yard", 0)]


async def test_a_replay_waits_in_order_and_what_does_not_fit_is_left_to_the_source():
    intake, tally = make()
    for number in range(6):
        intake.admit(delivery(frame(number)))
    assert await take_all(intake) == [("yard", number) for number in range(4)]
    assert tally.counts == {"yard": {"overflow": 2}}


async def test_a_waiting_frame_that_comes_again_is_counted():
    intake, tally = make()
    for _ in range(3):
        intake.admit(delivery(frame(1)))
    assert await take_all(intake) == [("yard", 1)]
    assert tally.counts == {"yard": {"duplicate": 2}}


async def test_a_flooding_camera_does_not_starve_another():
    intake, _ = make(queue=100)
    for number in range(50):
        intake.admit(delivery(frame(number, camera="flood")))
    for number in range(2):
        intake.admit(delivery(frame(number, camera="quiet")))
    order = await take_all(intake)
    assert [place for place, (camera, _) in enumerate(order) if camera == "quiet"][-1] <= 4


async def test_a_camera_whose_places_are_taken_is_passed_over():
    intake, _ = make()
    intake.admit(delivery(frame(0, camera="full")))
    intake.admit(delivery(frame(0, camera="free")))
    item = await asyncio.wait_for(intake.take(lambda camera: camera == "free"), 5)
    assert item.frame.camera == "free"


async def test_taking_goes_on_when_there_is_room_again():
    intake, _ = make()
    rooms: set[str] = set()
    waiting = asyncio.create_task(intake.take(lambda camera: camera in rooms))
    intake.admit(delivery(frame()))
    await asyncio.sleep(0)
    assert not waiting.done()
    rooms.add("yard")
    intake.look_again()
    assert (await asyncio.wait_for(waiting, 5)).frame.camera == "yard"


async def test_cameras_beyond_the_bound_are_refused_without_making_new_counters():
    intake, tally = make()
    for number in range(10):
        intake.admit(delivery(frame(0, camera=f"camera-{number}")))
    assert len(await take_all(intake)) == 3
    assert tally.counts == {"": {"too-many-cameras": 7}}


async def test_a_camera_that_is_gone_makes_room_for_another(monkeypatch):
    intake, tally = make(max_cameras=1)
    intake.admit(delivery(frame(0, camera="old")))
    await take_all(intake)
    monkeypatch.setattr(module, "GONE_SECONDS", -1.0)
    intake.admit(delivery(frame(0, camera="new")))
    assert await take_all(intake) == [("new", 0)]
    assert tally.counts == {}


@pytest.mark.parametrize("flow", ["wait", "newest"])
async def test_the_bytes_of_all_cameras_together_are_bounded(flow):
    intake, tally = make(queue_bytes=3000)
    big = b"\xff\xd8" + bytes(1200)
    for number in range(3):
        intake.admit(delivery(frame(0, camera=f"camera-{number}", flow=flow, jpeg=big)))
    assert len(await take_all(intake)) == 2
    assert tally.counts == {"camera-2": {"overflow": 1}}
    intake.admit(delivery(frame(1, camera="camera-2", flow=flow, jpeg=big)))
    assert await take_all(intake) == [("camera-2", 1)]


async def test_a_live_frame_that_waited_too_long_is_dropped():
    intake, tally = make(max_lag=1.0)
    old = time.time_ns() - 2_000_000_000
    intake.admit(delivery(frame(0, camera="late", flow="newest", captured_ns=old)))
    intake.admit(delivery(frame(0, camera="replay", captured_ns=old)))
    intake.admit(delivery(frame(0, camera="unsure", flow="newest", captured_ns=old, clock="free")))
    taken = [await asyncio.wait_for(intake.take(always), 5) for _ in range(2)]
    assert {item.frame.camera for item in taken} == {"replay", "unsure"}
    assert tally.counts == {"late": {"lag": 1}}


async def test_frames_of_one_camera_pass_in_turn():
    intake, _ = make()
    for number in range(2):
        intake.admit(delivery(frame(number)))
    first, second = [await intake.take(always) for _ in range(2)]
    await asyncio.wait_for(first.turn(), 5)
    turn = asyncio.create_task(second.turn())
    await asyncio.sleep(0)
    assert not turn.done()
    first.passed()
    await asyncio.wait_for(turn, 5)
