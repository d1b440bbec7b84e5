"""The page that people read: it says what was met, what was missed and what was not measured."""

import pytest

from benchmarks.harness import Report, Row, Spread, Target
from benchmarks.machine import Machine
from benchmarks.table import Document, markdown, number, spread_text, target_text

MACHINE = Machine(
    processor="a processor",
    cores="0, 1",
    memory_gib=8.0,
    system="Linux 6",
    versions="Python 3",
    date="2026-01-01",
)


def a_document(*reports: Report, quick: bool = False) -> Document:
    return Document(
        machine=MACHINE,
        command="make bench",
        quick=quick,
        load=Spread((1.0, 1.1)),
        reports=reports,
        seconds=60.0,
    )


def a_report(**changes: object) -> Report:
    row = Row(
        what="frames | answered",
        unit="frames/s",
        ours=Spread((7.0,)),
        theirs=Spread((10.0, 12.0)),
        against="one process",
        target=Target("at least", 0.8, "ratio"),
        why="the broker",
    )
    return Report(**{"name": "speed", "promise": "How fast.", "rows": (row,), **changes})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0123456, "0.0123"),
        (1.0, "1.00"),
        (12.345, "12.3"),
        (150.0, "150"),
        (151.26, "151"),
        (50_067.0, "50,067"),
        (float("inf"), "–"),
        (float("nan"), "–"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_a_range_is_shown_only_where_there_is_one():
    assert spread_text(Spread((2.0, 2.0)), "ms") == "2.00 ms"
    assert spread_text(Spread((1.0, 2.0, 4.0)), "ms") == "2.00 ms (1.00..4.00)"
    assert spread_text(None, "ms") == ""


def test_targets_say_their_unit_or_that_they_are_ratios():
    assert target_text(Target("at most", 0.3, "ours", "s")) == "≤ 0.3 s"
    assert target_text(Target("at least", 2.0, "ratio")) == "≥ 2.00×"
    assert target_text(None) == ""


def test_a_missed_target_is_said_at_the_top_and_in_its_row():
    page = markdown(a_document(a_report()))
    assert "**0 of 1 targets met.**" in page
    assert "- missed: frames | answered (speed)" in page
    assert "**missed**: the broker" in page


def test_a_cell_cannot_break_the_table():
    lines = markdown(a_document(a_report())).splitlines()
    row = next(line for line in lines if line.startswith("| frames"))
    assert row.replace("\\|", "").count("|") == 7


def test_what_could_not_be_measured_is_said():
    page = markdown(a_document(a_report(rows=(), failure="no clip at x")))
    assert "- not measured: speed: no clip at x" in page


def test_a_quick_run_says_that_it_proves_little():
    assert "quick run" in markdown(a_document(a_report(), quick=True))
    assert "quick run" not in markdown(a_document(a_report()))
