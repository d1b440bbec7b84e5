from broker.answers import Answer, AnswerRegion, ProtectionSummary
from broker.status import BudgetWindow, CameraStatus, NodeStatus
from penumbra.scoreboard import MAX_CAMERAS, Scoreboard
from penumbra.tally import REMEMBERED, CameraTally, answer_text, sum_totals

REGION = AnswerRegion((0, 0, 10, 10), "woman", 0.98)


def answer(
    sequence: int, *, run: int = 1, age: float = 0.02, camera: str = "yard", **changes: object
) -> Answer:
    fields: dict[str, object] = {
        "camera": camera,
        "run": run,
        "sequence": sequence,
        "captured_ns": 0,
        "answered_ns": 1,
        "outcome": "answered",
        "regions": (REGION,),
        "bytes_private": 1000,
        "bytes_cloud": 10,
        "bytes_as_jpeg": 900,
        "age_seconds": age,
    }
    return Answer(**(fields | changes))  # type: ignore[arg-type]


def test_answers_become_rates_and_totals() -> None:
    tally = CameraTally("yard", "demo:")
    for sequence in range(50):
        assert tally.answer(answer(sequence, age=sequence / 1000), now=sequence / 10)
    row, totals = tally.row(4.9), tally.totals()
    assert round(row.fps) == 10
    assert row.answer == "woman 0.98"
    assert (row.age_p50, row.age_p95) == (0.024, 0.047)
    assert round(row.as_jpeg / row.cloud) == 90
    assert row.sent_sizes == (10,) * 10
    assert (totals.read, totals.answered, totals.regions, totals.home, totals.cloud) == (
        50,
        50,
        50,
        50_000,
        500,
    )
    assert totals.age_p50 == 0.024


def test_an_answer_that_comes_twice_counts_once() -> None:
    tally = CameraTally("yard", "")
    assert tally.answer(answer(7), 1.0)
    assert not tally.answer(answer(7), 1.1)
    assert tally.answer(answer(7, run=2), 1.2)
    assert tally.totals().answered == 2


def test_what_was_read_and_never_heard_of_again_is_told() -> None:
    tally = CameraTally("yard", "")
    tally.status(
        CameraStatus(camera="yard", state="running", run=1, frames_read=5, dropped={"superseded": 2})
    )
    tally.answer(answer(0), 1.0)
    assert tally.totals().unanswered == 2


def test_memory_of_answers_is_bounded() -> None:
    tally = CameraTally("yard", "")
    for sequence in range(3 * REMEMBERED):
        tally.answer(answer(sequence), 1.0)
    assert len(tally._seen_set) == len(tally._seen) == REMEMBERED


def test_what_was_held_back_is_counted_by_reason_and_crossed_nothing() -> None:
    tally = CameraTally("yard", "")
    tally.answer(answer(0, outcome="refused", reason="detector-failed", regions=(), bytes_cloud=0), 1.0)
    row, totals = tally.row(1.0), tally.totals()
    assert row.answer == "held back: detector-failed"
    assert row.dropped == 1
    assert row.refused == "detector-failed"
    assert row.sent_sizes == ()
    assert totals.refused == {"detector-failed": 1}
    assert totals.answered == 0


def test_drops_add_up_over_runs_and_nodes() -> None:
    board = Scoreboard({"yard": "demo:"}, lambda: 1.0)
    board.camera_status(
        CameraStatus(camera="yard", state="running", run=1, frames_read=5, dropped={"superseded": 2})
    )
    board.camera_status(
        CameraStatus(camera="yard", state="running", run=2, frames_read=7, dropped={"superseded": 3})
    )
    board.node_status(
        NodeStatus(node="edge", role="edge", state="online", dropped={"yard": {"superseded": 4}})
    )
    assert board.rows()[0].dropped == 9
    assert board.totals().dropped == {"superseded": 9}
    assert board.totals().read == 12


def test_what_the_edge_refused_in_an_answer_or_had_twice_counts_once() -> None:
    tally = CameraTally("yard", "")
    tally.answer(answer(0, outcome="refused", reason="policy", regions=()), 1.0)
    tally.edge_dropped({"policy": 1, "duplicate": 5, "superseded": 2})
    assert tally.totals().dropped == {"superseded": 2}
    assert tally.totals().refused == {"policy": 1}


def test_unknown_cameras_appear_but_not_without_end() -> None:
    board = Scoreboard({}, lambda: 1.0)
    for number in range(MAX_CAMERAS + 10):
        board.answer(answer(0, camera=f"c{number}"))
    assert len(board.rows()) == MAX_CAMERAS


async def test_waiting_ends_when_what_is_awaited_was_heard() -> None:
    board = Scoreboard({}, lambda: 1.0)
    board.node_status(NodeStatus(node="edge", role="edge", state="online"))
    await board.wait_until(lambda: "edge" in board.nodes)


def test_an_answer_in_words() -> None:
    assert answer_text(None) == "–"
    assert answer_text(answer(0, regions=())) == "nobody seen"
    assert answer_text(answer(0, regions=(REGION, AnswerRegion((0, 0, 1, 1), "man", 0.6)))) == "woman 0.98 +1"


def test_totals_of_nothing() -> None:
    totals = sum_totals([])
    assert (totals.read, totals.cloud) == (0, 0)


def test_what_messages_cost_adds_up_and_what_did_not_cross_costs_nothing() -> None:
    tally = CameraTally("yard", "")
    assert tally.totals().epsilon_joint is None
    for sequence, joint in enumerate((8.0, 0.0, 4.0)):
        tally.answer(answer(sequence, protection=ProtectionSummary("laplace", None, joint)), 1.0)
    held_back = answer(3, outcome="refused", reason="budget-spent", regions=(), bytes_cloud=0)
    tally.answer(held_back, 1.1)
    assert tally.row(1.1).epsilon_joint == 4, "of the last that crossed"
    other = CameraTally("door", "").totals()
    assert sum_totals([tally.totals(), other]).epsilon_joint == 12


def test_each_camera_shows_its_own_part_of_the_ledger() -> None:
    board = Scoreboard({"yard": "demo:", "door": "demo:"}, lambda: 1.0)
    spent = {"minute": BudgetWindow(spent=8, limit=40)}
    board.node_status(
        NodeStatus(node="edge", role="edge", state="online", budget={"yard": spent, "of-old": spent})
    )
    assert [dict(row.budget) for row in board.rows()] == [spent, {}]
