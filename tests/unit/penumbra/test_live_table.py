import math
from collections import Counter

from rich.console import Console, RenderableType

from broker.status import BudgetWindow
from penumbra.live_table import Surroundings, left_line, live_view, plain_line, privacy_line, summary_line
from penumbra.tally import CameraRow, Totals

ROW = CameraRow(
    camera="demo",
    source="demo:",
    state="running",
    detail="",
    fps=15.0,
    answer="woman 0.98",
    refused="",
    age_p50=0.021,
    age_p95=0.034,
    dropped=3,
    home=4.1e6,
    cloud=1400,
    as_jpeg=1.1e6,
    sent_sizes=(92,) * 15,
)
LOST = CameraRow(
    "yard",
    "rtsp://u:***@h/x",
    "stalled",
    "no picture for 12 s",
    0,
    "–",
    "",
    math.nan,
    math.nan,
    0,
    0,
    0,
    0,
    (),
)


def drawn(view: RenderableType, width: int) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def test_a_wide_terminal_shows_everything() -> None:
    text = drawn(live_view([ROW, LOST], Surroundings("Penumbra", notes=("edge crashed: boom",)), 120), 120)
    lines = text.splitlines()
    assert lines[0] == "Penumbra"
    columns = "camera source fps answer age p50 p95 drops home to cloud as JPEG saved"
    assert lines[1].split() == columns.split()
    values = "demo demo: 15.0 woman 0.98 21 ms 34 ms 3 4.1 MB/s 1.4 kB/s 1.1 MB/s ×786"
    assert lines[2].split() == values.split()
    assert "stalled" in lines[3]
    assert " ! yard: stalled: no picture for 12 s" in text
    assert "What left this machine in the last second: 15 × 92 bytes. No picture." in text
    assert "! edge crashed: boom" in text
    assert "Ctrl-C to stop" in text


def test_a_narrow_terminal_keeps_each_row_on_a_line() -> None:
    lines = drawn(live_view([ROW], Surroundings("Penumbra"), 80), 80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[2].split()[0] == "demo"
    assert "woman 0.98" in lines[2]
    assert "×786" in lines[2]


def test_what_left_is_said_plainly() -> None:
    assert left_line([LOST], "numbers") == "What left this machine in the last second: nothing."
    assert left_line([ROW], "pictures").endswith(
        "15 × 92 bytes. Pictures, with every face that was found shaded."
    )
    many = CameraRow(**{**vars(ROW), "sent_sizes": (1000, 2000, 3000, 4000)})
    assert "4 messages, 10 kB in all" in left_line([many], "numbers")


def test_a_line_for_a_log() -> None:
    assert plain_line(ROW) == (
        "demo: 15.0 frames/s · woman 0.98 · age p50 21 ms, p95 34 ms · 3 dropped · home 4.1 MB/s · "
        "to cloud 1.4 kB/s · as JPEG 1.1 MB/s (×786)"
    )
    assert plain_line(LOST) == "yard: stalled: no picture for 12 s"


def test_the_summary_names_what_was_lost_only_where_something_was() -> None:
    totals = Totals(1394, 1394, Counter(), Counter(), 512, 31_000_000, 128_000, 27_000_000, (0.038, 0.071))
    assert summary_line(totals) == (
        "read 1394 · answered 1394 · regions 512 · home 31 MB · to cloud 128 kB · as JPEG 27 MB (×211) · "
        "age p50 38 ms, p95 71 ms"
    )
    lossy = Totals(dropped=Counter(superseded=2), refused=Counter({"detector-failed": 1}))
    assert "held back 1 (detector-failed 1) · dropped 2 (superseded 2)" in summary_line(lossy)


SPENT = {
    "minute": BudgetWindow(spent=16, limit=40),
    "hour": BudgetWindow(spent=16.125, limit=600),
    "day": BudgetWindow(spent=1234567.8),
}


def test_what_a_frame_costs_and_what_was_spent_stand_beside_each_camera() -> None:
    row = CameraRow(**{**vars(ROW), "epsilon_joint": 8.0, "budget": SPENT})
    lines = drawn(live_view([row, LOST], Surroundings("Penumbra"), 130), 130).splitlines()
    assert lines[1].split()[-1] == "epsilon_joint"
    assert lines[2].split()[-1] == "8"
    told = "epsilon_joint 8 a frame · spent 16 of 40 this minute, 16.12 of 600 this hour, 1,234,568 today"
    assert f" demo: {told}" in [line.rstrip() for line in lines]
    assert plain_line(row).endswith(f" (×786) · {told}")
    narrow = drawn(live_view([row], Surroundings("Penumbra"), 80), 80)
    assert "epsilon_joint" not in narrow.splitlines()[1]
    assert "epsilon_joint 8 a frame" in narrow


def test_a_repeated_value_is_called_that_and_both_epsilons_have_their_full_names() -> None:
    row = CameraRow(**{**vars(ROW), "epsilon_joint": 0.0, "epsilon_per_coordinate": 200.0})
    assert privacy_line(row) == "demo: epsilon_joint 0 a frame (repeated), epsilon_per_coordinate 200"
    approximate = CameraRow(**{**vars(ROW), "epsilon_joint": 16.0, "delta": 2e-5})
    assert privacy_line(approximate) == "demo: epsilon_joint 16 at delta 2e-05 a frame"
    assert privacy_line(ROW) == "", "nothing is said where nothing is promised"


def test_the_summary_says_what_a_run_cost() -> None:
    assert summary_line(Totals(epsilon_joint=24.0)).endswith(" · epsilon_joint 24 in all")
    assert "epsilon" not in summary_line(Totals())
