"""What the page says of one camera: its state, its answers to the frame in the pictures, its budget."""

import msgspec
import pytest

from broker.answers import Answer, AnswerRegion
from broker.features import Protection
from broker.status import BudgetWindow, CameraState, CameraStatus
from feature_node.live.reflection import Reflection
from feature_node.live.showing import ANSWERS, QUIET_SECONDS, SILENT_SECONDS, Heard, Showing, tightest
from monitoring.live.view import CameraView, RegionView


def answer(sequence: int = 0, *labels: str, **changes: object) -> Answer:
    fields: dict[str, object] = {
        "camera": "yard",
        "run": 7,
        "sequence": sequence,
        "captured_ns": 1,
        "answered_ns": 2,
        "outcome": "answered",
        "regions": tuple(AnswerRegion((0, 0, 8, 8), label, 0.9) for label in labels),
        "bytes_private": 1100,
        "bytes_cloud": 100,
        "bytes_as_jpeg": 1000,
        "age_seconds": 0.03,
    }
    return Answer(**(fields | changes))  # type: ignore[arg-type]


def reflection(sequence: int, regions: int = 1) -> Reflection:
    return Reflection(
        7,
        sequence,
        b"house",
        b"cloud",
        "",
        tuple(RegionView(count=4) for _ in range(regions)),
        False,
        0.3,
        0.2,
    )


def heard(state: CameraState, at: float = 0.0, detail: str = "") -> Heard:
    return Heard(CameraStatus(camera="yard", state=state, detail=detail), at)


def view(showing: Showing, said: Heard | None = None, now: float = 0.0) -> CameraView:
    return showing.view(said, {}, now)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("not_started", "starting"),
        ("connecting", "starting"),
        ("running", "running"),
        ("stalled", "stalled"),
        ("frozen", "stalled"),
        ("ended", "ended"),
        ("failed", "gone"),
        ("offline", "gone"),
    ],
)
def test_a_camera_is_as_it_says(said: CameraState, shown: str) -> None:
    found = view(Showing("yard", 0.0), heard(said))
    assert found.state == shown
    assert bool(found.why) is (said not in ("not_started", "running", "ended"))
    assert view(Showing("yard", 0.0), heard(said, detail="busy")).why == "busy"


def test_a_camera_that_falls_silent_is_gone_but_one_that_ended_stays_so() -> None:
    later = SILENT_SECONDS + 0.1
    assert view(Showing("yard", 0.0), heard("running"), SILENT_SECONDS).state == "running"
    found = view(Showing("yard", 0.0), heard("running"), later)
    assert (found.state, found.why) == ("gone", "the camera has said nothing for 4 s")
    assert view(Showing("yard", 0.0), heard("ended"), later).state == "ended"


def test_one_of_which_nothing_is_heard_is_judged_by_its_pictures() -> None:
    showing = Showing("yard", 0.0)
    showing.answered(answer(), 2.0)
    assert view(showing, now=2.0 + QUIET_SECONDS / 2).state == "running"
    assert view(showing, now=2.0 + QUIET_SECONDS).state == "stalled"


def test_answers_stand_beside_the_frame_that_they_are_about() -> None:
    showing = Showing("yard", 0.0)
    assert showing.pictures is None
    assert view(showing).picture_version == 0
    showing.reflected(reflection(3, regions=2), 5)
    assert [region.label for region in view(showing).regions] == ["", ""]
    showing.answered(answer(4, "dog", "dog"), 0.0)
    assert [region.label for region in view(showing).regions] == ["", ""]
    showing.answered(answer(3, "cat", "dog"), 0.0)
    found = view(showing)
    assert [(region.label, region.confidence) for region in found.regions] == [("cat", 0.9), ("dog", 0.9)]
    assert (found.sequence, found.picture_version, found.ssim, found.ssim_floor) == (3, 5, 0.3, 0.2)
    assert found.mirror
    assert showing.pictures is not None
    assert showing.pictures.version == 5


def test_answers_that_do_not_fit_the_regions_name_none() -> None:
    showing = Showing("yard", 0.0)
    showing.reflected(reflection(3, regions=2), 1)
    showing.answered(answer(3, "cat"), 0.0)
    assert [region.label for region in view(showing).regions] == ["", ""]


def test_only_so_many_answers_are_remembered() -> None:
    showing = Showing("yard", 0.0)
    for sequence in range(ANSWERS + 1):
        showing.answered(answer(sequence, "cat"), 0.0)
    showing.reflected(reflection(0), 1)
    assert view(showing).regions[0].label == ""
    showing.reflected(reflection(1), 2)
    assert view(showing).regions[0].label == "cat"


def test_a_frame_that_was_held_back_says_why_until_one_is_let_through() -> None:
    showing = Showing("yard", 0.0)
    showing.answered(answer(0, outcome="refused", reason="budget-spent", bytes_cloud=0, age_seconds=9.0), 0.0)
    found = view(showing)
    assert found.held_back == "budget spent"
    assert found.age_seconds is None
    showing.answered(answer(1, "cat"), 0.0)
    assert (view(showing).held_back, view(showing).age_seconds) == ("", 0.03)


def test_both_epsilons_and_the_tightest_window_are_shown() -> None:
    showing = Showing("yard", 0.0)
    showing.left(Protection("laplace", 0.5, 4.0, 1e-6), 0.0)
    windows = {"hour": BudgetWindow(spent=5, limit=10), "day": BudgetWindow(spent=6, limit=100)}
    found = showing.view(None, windows, 0.0)
    assert (found.epsilon_per_coordinate, found.epsilon_joint, found.delta) == (0.5, 4.0, 1e-6)
    assert (found.window, found.spent, found.budget) == ("hour", 5, 10)


def test_without_limits_the_longest_window_is_shown_and_without_any_none() -> None:
    windows = {name: BudgetWindow(spent=1) for name in ("minute", "hour", "day")}
    assert tightest(windows) == "day"
    assert tightest({}) == ""
    assert Showing("yard", 0.0).view(None, windows, 0.0).budget is None


def test_rates_are_those_of_the_answers() -> None:
    showing = Showing("yard", 0.0)
    for tenth in range(30):
        showing.answered(answer(tenth, "cat"), tenth / 10)
    found = view(showing, now=2.999)
    assert found.frames_per_second == pytest.approx(10, rel=0.01)
    assert found.bytes_sent == pytest.approx(1000, rel=0.01)
    assert found.bytes_as_jpeg == pytest.approx(10_000, rel=0.01)
    assert found.bytes_home == pytest.approx(11_000, rel=0.01)
    assert msgspec.json.encode(found)
