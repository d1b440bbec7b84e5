"""The pure steps of a capture: rate, zones, sizes, change, the demo's way, wire, latency, clock."""

import contextlib
import ctypes
import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_node.capture_wire import (
    PREFIX_BYTES,
    Counted,
    Ended,
    Failed,
    Message,
    Opened,
    Shot,
    decode,
    encode,
    length,
)
from camera_node.change import ChangeMeter
from camera_node.clock import host_clock
from camera_node.demo_reader import look, photograph
from camera_node.errors import BadOption, SourceFailed
from camera_node.framer import Framer
from camera_node.latency import Latencies
from camera_node.prepare import Preparer, fit
from camera_node.rate import Rate
from camera_node.reader import check_dimensions
from camera_node.source import Picture, SourceInfo
from camera_node.zones import black_out, check_zone
from tests.unit.camera_node.twins import answer, pictures


# --- rate -------------------------------------------------------------------------------------------
def admitted(rate: Rate, source_fps: float, seconds: float) -> int:
    return sum(rate.admits(n / source_fps) for n in range(round(source_fps * seconds)))


@pytest.mark.parametrize(
    ("source", "wanted", "expected"),
    [(25, 25, 250), (25, 5, 50), (30, 10, 100), (12.5, 10, 100), (10, 25, 100)],
)
def test_the_wanted_rate_is_met(source: float, wanted: float, expected: int) -> None:
    assert abs(admitted(Rate(wanted), source, 10) - expected) <= 1


def test_no_rate_admits_all() -> None:
    assert admitted(Rate(None), 1000, 1) == 1000


@given(
    st.floats(0.5, 60),
    st.lists(st.floats(0.0, 0.4), min_size=2, max_size=200),
    st.booleans(),
)
def test_never_more_than_the_wanted_rate(fps: float, steps: list[float], jitter: bool) -> None:
    rate, now, taken = Rate(fps, jitter=jitter), 0.0, 0
    for step in steps:
        taken += rate.admits(now)
        now += step
    assert taken <= now * fps + 2


def test_arrival_times_that_jitter_lose_nothing_at_the_nominal_rate() -> None:
    rng = np.random.default_rng(3)
    times = [n / 25 + rng.uniform(-0.008, 0.008) for n in range(250)]
    rate = Rate(25, jitter=True)
    assert sum(rate.admits(time) for time in times) >= 248


def test_a_medium_that_jumps_back_goes_on() -> None:
    rate = Rate(5)
    assert rate.admits(100.0)
    assert not rate.admits(100.1)
    assert rate.admits(0.0)


# --- zones ------------------------------------------------------------------------------------------
def test_a_zone_is_black_with_its_border_and_the_rest_untouched() -> None:
    picture = np.full((40, 60, 3), 200, np.uint8)
    zoned = black_out(picture, (((10, 5), (30, 5), (30, 25), (10, 25)),))
    assert zoned[5:26, 10:31].max() == 0
    zoned[5:26, 10:31] = 200
    assert np.array_equal(zoned, picture)
    assert picture.min() == 200


@given(st.integers(2, 50), st.integers(2, 30), st.integers(-40, 60), st.integers(-40, 40), st.integers(3, 12))
def test_every_pixel_inside_a_zone_is_black(width: int, height: int, x: int, y: int, corners: int) -> None:
    zone = tuple(
        (
            round(x + width * math.cos(2 * math.pi * n / corners)),
            round(y + height * math.sin(2 * math.pi * n / corners)),
        )
        for n in range(corners)
    )
    zoned = black_out(np.full((40, 60, 3), 255, np.uint8), (zone,))
    for row, column in np.argwhere(zoned[:, :, 0] > 0):
        assert not _inside((int(column), int(row)), zone)


def _inside(point: tuple[int, int], convex: tuple[tuple[int, int], ...]) -> bool:
    sides = []
    for (ax, ay), (bx, by) in zip(convex, (*convex[1:], convex[0]), strict=True):
        sides.append((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax))
    return all(side > 0 for side in sides) or all(side < 0 for side in sides)


@pytest.mark.parametrize(
    "zone",
    [
        ((0, 0), (10, 0), (10, 10), (0, 10)),
        ((0, 0), (10, 0), (5, 5), (10, 10), (0, 10)),
        ((0, 0), (10, 0), (0, 10)),
    ],
)
def test_ordinary_zones_are_accepted(zone: tuple[tuple[int, int], ...]) -> None:
    check_zone(zone)


def test_a_star_drawn_in_one_line_is_refused() -> None:
    points = [
        (round(50 + 40 * math.sin(4 * math.pi * n / 5)), round(50 - 40 * math.cos(4 * math.pi * n / 5)))
        for n in range(5)
    ]
    with pytest.raises(BadOption, match="would have holes"):
        check_zone(tuple(points))


def test_a_picture_that_changes_its_size_under_its_zones_is_refused() -> None:
    preparer = Preparer("rtsp://camera/live", (((0, 0), (20, 0), (20, 20)),), None, 90)
    assert preparer.prepare(np.zeros((48, 64, 3), np.uint8)) is not None
    with pytest.raises(SourceFailed, match=r"changed its pictures from 64x48 to 32x24"):
        preparer.prepare(np.zeros((24, 32, 3), np.uint8))


# --- sizes ------------------------------------------------------------------------------------------
@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 400), st.integers(16, 400))
def test_fitting_never_exceeds_enlarges_or_bends(width: int, height: int, wide: int, high: int) -> None:
    fitted = fit(np.zeros((height, width, 3), np.uint8), (wide, high))
    assert fitted.shape[1] <= min(wide, width)
    assert fitted.shape[0] <= min(high, height)
    scale = min(wide / width, high / height, 1.0)
    assert abs(fitted.shape[1] - max(1, width * scale)) <= 0.5
    assert abs(fitted.shape[0] - max(1, height * scale)) <= 0.5


@pytest.mark.parametrize(("width", "height"), [(8193, 1), (1, 8193), (8000, 8000), (2**31, 2**31)])
def test_dimensions_over_the_limit_are_refused(width: int, height: int) -> None:
    with pytest.raises(SourceFailed, match=f"{width}x{height}"):
        check_dimensions("clip.mp4", width, height)


# --- change -----------------------------------------------------------------------------------------
def test_a_noisy_still_scene_changes_and_a_repeated_picture_does_not() -> None:
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 256, (90, 160, 3), np.uint8)
    meter = ChangeMeter()
    assert meter.changed(scene)
    assert not any(meter.changed(scene) for _ in range(5))
    recompressed = np.clip(scene.astype(int) + rng.integers(-2, 3, scene.shape), 0, 255).astype(np.uint8)
    assert not meter.changed(recompressed)
    noisy = np.clip(scene + rng.normal(0, 4, scene.shape), 0, 255).astype(np.uint8)
    assert meter.changed(noisy)


def test_a_slow_change_is_a_change() -> None:
    meter = ChangeMeter()
    shades = [meter.changed(np.full((36, 64, 3), 100 + n, np.uint8)) for n in range(10)]
    assert sum(shades) >= 3


def test_a_change_of_size_is_a_change() -> None:
    meter = ChangeMeter()
    meter.changed(np.full((36, 64, 3), 9, np.uint8))
    assert not meter.changed(np.full((72, 128, 3), 9, np.uint8))
    assert meter.changed(np.full((10, 10, 3), 90, np.uint8))


# --- demo -------------------------------------------------------------------------------------------
def test_each_of_the_demo_cameras_pictures_differs_from_the_one_before() -> None:
    photo = photograph()
    views = [look(photo, frame / 15, (160, 120)) for frame in range(15 * 30)]
    assert {view.shape for view in views} == {(120, 160, 3)}
    assert not any(np.array_equal(view, after) for view, after in itertools.pairwise(views))


def test_the_demo_camera_never_looks_beside_the_photograph() -> None:
    marked = np.full((512, 512, 3), 255, np.uint8)
    for size in ((64, 48), (48, 64), (160, 20)):
        assert min(look(marked, second / 2, size).min() for second in range(300)) == 255


def test_the_demo_camera_keeps_the_face_in_the_picture_most_of_the_time() -> None:
    marked = np.zeros((512, 512, 3), np.uint8)
    marked[75:155, 183:263] = 255  # the face of the photograph
    whole = sum(look(marked, t / 4, (160, 120)).mean() / 255 * 160 * 120 > 200 for t in range(4 * 120))
    assert whole > 0.95 * 4 * 120


# --- wire -------------------------------------------------------------------------------------------
MESSAGES: tuple[Message, ...] = (
    Opened(SourceInfo(640, 480, 25.0, 7)),
    Shot(Picture(b"jpeg", 64, 48, 1, 0.5, False), Counted(3, {"rate": 1})),
    Counted(9, {"undecodable": 2}),
    Ended(),
    Failed("timeout", "too late"),
)


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_travel_unchanged(message: Message) -> None:
    data = encode(message)
    assert length(data[:PREFIX_BYTES]) == len(data) - PREFIX_BYTES
    assert decode(data[PREFIX_BYTES:]) == message


@pytest.mark.parametrize("prefix", [b"\0\0\0\0", b"\x7f\0\0\0", b"\xff\xff\xff\xff"])
def test_an_absurd_length_is_refused_before_anything_is_allocated(prefix: bytes) -> None:
    with pytest.raises(SourceFailed, match="was stopped"):
        length(prefix)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused_and_nothing_else_is_raised(data: bytes) -> None:
    with contextlib.suppress(SourceFailed):
        assert isinstance(decode(data), Message)


# --- latency, clock, frames --------------------------------------------------------------------------
def test_a_long_run_keeps_a_fair_bounded_sample() -> None:
    latencies = Latencies(samples=200)
    frame = Framer("yard", "wait", "free").frame(pictures(1)[0])
    for number in range(5000):
        latencies.take(msgspec.structs.replace(answer(frame), age_seconds=number / 5000))
    by_hop = latencies.by_hop()
    assert len(by_hop["age"]) == len(by_hop["edge_compute"]) == 200
    assert 0.35 < sum(by_hop["age"]) / 200 < 0.65
    assert max(by_hop["age"]) > 0.9


def test_the_host_says_whether_its_clock_is_synchronised() -> None:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(256))
    assert host_clock() == ("free" if state in (5, -1) else "synchronised")


def test_frames_are_numbered_from_0_and_a_files_are_captured_when_shown() -> None:
    live, waiting = Framer("yard", "newest", "free"), Framer("yard", "wait", "free")
    one, two = pictures(2)
    assert [live.frame(one).sequence, live.frame(two).sequence] == [0, 1]
    assert live.frame(one).captured_ns == one.captured_ns
    assert waiting.frame(one).captured_ns > one.captured_ns
    assert live.run != waiting.run
