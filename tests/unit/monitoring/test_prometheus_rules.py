"""Prometheus's own checker accepts configuration and rules; alerts fire when they should, and only then."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers import require_program
from tests.unit.monitoring.queries import PROMETHEUS, RECORDED, exported, named_in, rule_groups, rules

CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))


def promtool(*arguments: str | Path) -> None:
    command = [require_program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_accepted() -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_the_rules_are_accepted() -> None:
    promtool("check", "rules", *sorted((PROMETHEUS / "rules").glob("*.yml")))


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_the_cases_come_out_as_they_say(cases: Path) -> None:
    promtool("test", "rules", cases)


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    tests = [test for cases in CASES for test in yaml.safe_load(cases.read_text())["tests"]]
    tried: list[dict[str, Any]] = [case for test in tests for case in test.get("alert_rule_test", [])]
    fires = {case["alertname"] for case in tried if case["exp_alerts"]}
    silent = {case["alertname"] for case in tried if not case["exp_alerts"]}
    assert fires == silent == set(rules("alert"))


def test_an_alert_says_how_bad_what_and_where_to_read_on() -> None:
    for name, rule in rules("alert").items():
        assert re.fullmatch(r"Penumbra[A-Z][A-Za-z]+", name)
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].strip()
        assert rule["annotations"]["description"].strip()
        assert rule["annotations"]["runbook_url"] == f"docs/monitoring.md#{name.lower()}"


def test_the_runbook_has_a_section_for_every_alert_and_for_no_other() -> None:
    runbook = (PROMETHEUS.parent.parent / "docs" / "monitoring.md").read_text()
    sections = re.findall(r"^### (\w+)\n(?=\S)", runbook, re.MULTILINE)
    assert sorted(sections) == sorted(rules("alert"))


def test_a_recorded_name_says_level_metric_and_operation() -> None:
    for name, rule in rules("record").items():
        assert RECORDED.fullmatch(name), name
        level, metric, _ = name.split(":")
        sources = {source.partition(":")[2].partition(":")[0] or source for source in named_in(rule["expr"])}
        assert any(source.startswith(metric) for source in sources), name
        by = re.search(r"by \(([a-z, ]+)\)", rule["expr"])
        if by is not None:
            assert set(level.split("_")) == set(by[1].split(", ")), name


def test_no_rule_names_a_metric_that_no_node_exports() -> None:
    known = set(exported()) | set(rules("record"))
    for group in rule_groups():
        for rule in group["rules"]:
            assert named_in(rule["expr"]) <= known, rule


def test_the_cloud_is_told_by_a_side_of_its_own() -> None:
    """Each job reads a file of targets by itself: a side lists its own nodes alone."""
    jobs = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    files = {job["job_name"]: job["file_sd_configs"][0]["files"] for job in jobs if "file_sd_configs" in job}
    assert files == {f"penumbra-{role}": [f"targets/{role}.yml"] for role in _roles()}
    for role in _roles():
        for group in yaml.safe_load((PROMETHEUS / "targets" / f"{role}.yml").read_text()):
            assert set(group["labels"]) == {"site", "node"}


def _roles() -> list[str]:
    return ["camera", "edge", "helper", "analyzer", "broker"]
