"""The dashboards' JSON is what their code makes, and speaks only of what the nodes export."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.grafana.generate import FOLDER, generated, write
from tests.unit.monitoring.queries import PROMETHEUS, exported, named_in, rules

Json = dict[str, Any]
DASHBOARDS: dict[str, Json] = {name: json.loads(text) for name, text in generated().items()}
OF_A_TARGET = {"job", "instance", "site", "node"}
PROVISIONING = FOLDER.parent / "provisioning"


def panels(dashboard: Json) -> list[Json]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard: Json) -> Iterator[str]:
    for panel in panels(dashboard):
        yield from (target["expr"] for target in panel["targets"])


def test_what_is_committed_is_what_the_code_makes() -> None:
    committed = {file.name: file.read_text() for file in FOLDER.glob("*.json")}
    assert committed == dict(generated()), "the dashboards are stale: run `make dashboards`"


def test_what_is_no_dashboard_any_more_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    assert {file.name for file in write(tmp_path)} == {file.name for file in tmp_path.iterdir()}
    assert "old.json" not in generated()


def test_the_six_pages_are_there() -> None:
    assert {page["title"] for page in DASHBOARDS.values()} == {
        "Penumbra / Overview",
        "Penumbra / Cameras",
        "Penumbra / Edge and privacy",
        "Penumbra / Helpers",
        "Penumbra / Analyzers and cache",
        "Penumbra / Brokers",
    }


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_names_a_metric_that_no_node_exports(name: str) -> None:
    known = set(exported()) | set(rules("record"))
    for expression in expressions(DASHBOARDS[name]):
        assert named_in(expression) <= known, expression
    for variable in DASHBOARDS[name]["templating"]["list"]:
        assert named_in(str(variable["query"])) <= known, variable["query"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_no_panel_asks_for_a_label_that_its_metric_has_not(name: str) -> None:
    known = exported()
    for expression in expressions(DASHBOARDS[name]):
        for metric, matchers in re.findall(r"(penumbra_\w+)\{([^}]*)\}", expression):
            if metric in known and not metric.endswith("_info"):
                asked = set(re.findall(r"(\w+)[!=]~?=?\"", matchers))
                assert asked <= known[metric] | OF_A_TARGET, expression


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_says_what_it_shows_and_in_what_unit(name: str) -> None:
    shown = panels(DASHBOARDS[name])
    assert [title for title, times in Counter(panel["title"] for panel in shown).items() if times > 1] == []
    for panel in shown:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["legendFormat"]
            assert target["datasource"]["uid"] == "${datasource}"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_rate_is_over_grafanas_own_interval(name: str) -> None:
    for expression in expressions(DASHBOARDS[name]):
        assert set(re.findall(r"\[([^\]]+)\]", expression)) <= {"$__rate_interval"}, expression


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_choice_is_used_and_every_used_one_is_there(name: str) -> None:
    page = DASHBOARDS[name]
    offered = {variable["name"] for variable in page["templating"]["list"]} - {"datasource"}
    queries = [*expressions(page), *(str(variable["query"]) for variable in page["templating"]["list"])]
    used = {found for query in queries for found in re.findall(r"\$([a-z]+)", query)}
    assert used == offered


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_fill_the_page_and_do_not_lie_on_one_another(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[name]["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert {x for x, _ in taken} == set(range(24))
    for y in {y for _, y in taken}:
        assert sum((x, y) in taken for x in range(24)) == 24, f"a gap at {y}"
    ids = [panel["id"] for panel in DASHBOARDS[name]["panels"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_each_page_leads_to_the_others_and_takes_the_choices_along(name: str) -> None:
    page = DASHBOARDS[name]
    (link,) = page["links"]
    assert link["type"] == "dashboards"
    assert set(link["tags"]) <= set(page["tags"])
    assert link["includeVars"]
    assert link["keepTime"]


def test_what_grafana_is_given_fits_what_prometheus_does() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())["datasources"]
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert (source["type"], source["jsonData"]["timeInterval"]) == ("prometheus", scraped)
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "penumbra.yml").read_text())["providers"]
    assert (provider["type"], provider["options"]["path"]) == ("file", "${PENUMBRA_DASHBOARDS}")
