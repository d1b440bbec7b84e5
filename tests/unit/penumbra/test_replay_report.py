import json

from rich.console import Console

from broker.status import BudgetWindow
from camera_node.charges import Charged
from camera_node.replay import ReplayProgress, ReplaySummary
from penumbra.replay_report import FileReport, privacy_lines, report_object, summary_table, summary_text
from penumbra.replay_screen import state_text


def summary(**changes: object) -> ReplaySummary:
    fields: dict[str, object] = {
        "frames_read": 10,
        "frames_processed": 8,
        "frames_dropped": {"rate": 1, "detector-failed": 1},
        "features_sent": 8,
        "results_received": 8,
        "regions": 9,
        "bytes_private": 1000,
        "bytes_cloud": 80,
        "bytes_as_jpeg": 900,
        "retransmitted": 2,
        "latency": {"age": [0.01, 0.02, 0.03], "analyzer": [0.001]},
        "wall_seconds": 1.5,
        "failure": "",
    }
    return ReplaySummary(**(fields | changes))  # type: ignore[arg-type]


BAD = FileReport("b.mp4", "b", error="b.mp4: is empty")


def test_the_object_has_every_key_and_adds_files_up() -> None:
    found = report_object(
        [FileReport("a.mp4", "a", summary()), FileReport("c.mp4", "c", summary()), BAD], 4.2
    )
    assert found["frames_read"] == 20
    assert found["frames_processed"] == 16
    assert found["frames_dropped"] == {"rate": 2, "detector-failed": 2}
    assert found["features_sent"] == found["results_received"] == 16
    assert (found["bytes_private"], found["bytes_cloud"], found["bytes_as_jpeg"]) == (2000, 160, 1800)
    assert found["latency_seconds"] == {
        "p50": 0.02,
        "p95": 0.03,
        "p99": 0.03,
        "by_hop": {"analyzer": {"p50": 0.001, "p95": 0.001, "p99": 0.001}},
    }
    assert found["wall_seconds"] == 4.2
    assert [file.get("frames_read") for file in found["files"]] == [10, 10, None]
    assert found["files"][2]["error"] == "b.mp4: is empty"


def test_what_does_not_exist_is_null_and_the_object_is_json() -> None:
    text = json.dumps(report_object([BAD], 0.1), allow_nan=False)
    assert json.loads(text)["latency_seconds"]["p50"] is None


def test_what_was_left_out_by_choice_is_no_drop() -> None:
    text = summary_text([FileReport("a.mp4", "a", summary())])
    assert text.startswith("read 10 · answered 8 · regions 9 · unanswered 1 · dropped 1 (detector-failed 1)")


def test_each_file_has_a_row() -> None:
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(summary_table([FileReport("a.mp4", "a", summary()), BAD]))
    rows = [line.split() for line in capture.get().splitlines()]
    assert rows[1][:4] == ["a.mp4", "10", "8", "1"]
    assert rows[2][:2] == ["b.mp4", "–"]


def test_progress_in_words() -> None:
    progress = ReplayProgress(
        frames_read=60,
        frames_answered=48,
        frames_dropped={"rate": 5},
        in_flight=7,
        retransmitted=0,
        total=1394,
        regions=0,
        wall_seconds=1.0,
    )
    assert state_text(progress) == "48/1394 frames · 48 frames/s · 0 dropped"


NOISY = Charged(epsilon_joint=24.0, epsilon_joint_most=16.0, messages=8, repeated=5)
LEDGER = {"a": {"day": BudgetWindow(spent=48, limit=5000, until_ns=7)}}


def test_what_a_replay_cost_is_reported_beside_the_ledger() -> None:
    files = [FileReport(name, name, summary(charged=NOISY)) for name in ("a", "b")]
    found = report_object(files, 1.0, LEDGER)
    assert found["privacy"] == {
        "epsilon_per_coordinate": None,
        "epsilon_joint": 48.0,
        "epsilon_joint_a_frame": {"mean": 3.0, "most": 16.0},
        "frames_repeated": 10,
    }
    assert found["files"][0]["privacy"]["epsilon_joint"] == 24
    assert found["ledger"]["a"]["day"] == {"spent": 48, "limit": 5000, "delta": 0.0, "until_ns": 7}
    json.dumps(found, allow_nan=False)
    assert privacy_lines(files, LEDGER) == [
        "epsilon_joint 48 in all, 16 a frame at most, 10 of 16 frames repeated",
        "a: spent 48 of 5,000 today",
    ]


def test_without_noise_nothing_is_said_of_it() -> None:
    files = [FileReport("a", "a", summary()), BAD]
    found = report_object(files, 1.0)
    assert found["privacy"]["epsilon_joint"] is None
    assert found["privacy"]["epsilon_joint_a_frame"] == {"mean": None, "most": None}
    assert "ledger" not in found
    assert privacy_lines(files, {}) == []
