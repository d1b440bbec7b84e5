"""`penumbra lab place-study` measures, writes, and says where it cannot."""

from pathlib import Path

import msgspec
import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from penumbra import lab_commands
from penumbra.errors import RunError
from penumbra.lab_place_study_command import COLLUSION
from privacy_lab.errors import BadData
from privacy_lab.placement.study_results import Study

BRIEF = ["--requests", "1", "--instances", "1", "--repeats", "1"]


def ran(report: Path, *words: str) -> str:
    told = ["place-study", "--report", str(report), "--out", str(report.parent / "kept"), *BRIEF, *words]
    result = CliRunner().invoke(lab_commands.app, told)
    if result.exception:
        raise result.exception
    return result.output


def test_a_brief_study_is_written_whole(tmp_path) -> None:
    assert "written to" in ran(tmp_path / "results")
    study = msgspec.json.decode((tmp_path / "results" / "distprivacy.json").read_bytes(), type=Study)
    assert {found.solver for found in study.rejections} == {"ours", "algorithm-1"}
    assert {point.figure for point in study.points} == {"devices", "mix", "network"}
    assert all(point.asked == 1 for point in study.points)
    page = (tmp_path / "results" / "distprivacy.md").read_text()
    for plot in (tmp_path / "results").glob("*.svg"):
        assert f"({plot.name})" in page

    colluded = tmp_path / "results" / COLLUSION
    colluded.write_text("[]")
    pieces = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    ran(tmp_path / "results")
    assert pieces == {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    colluded.write_text("{}")
    with pytest.raises(BadData, match="is not what"):
        ran(tmp_path / "results")


def test_a_report_that_cannot_be_written_says_so(tmp_path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(RunError, match="Choose another --report"):
        ran(tmp_path / "results" / "deeper")
