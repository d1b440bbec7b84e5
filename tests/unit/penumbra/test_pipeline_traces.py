"""Where spans go: a key of each side, a flag for both, and what is refused."""

from pathlib import Path

import pytest

from broker.address import BrokerAddress
from broker.topic import Role
from monitoring.errors import BadTraces
from monitoring.traces import TraceSettings
from penumbra.__main__ import report
from penumbra.errors import ConfigError
from penumbra.flags import FLAGS, trace_keys
from penumbra.node_settings import RedisPlace, analyzer_settings, camera_settings, edge_settings
from penumbra.pipeline_file import load_pipeline, pipeline_of_flags
from penumbra.pipeline_schema import Pipeline
from penumbra.plan import plan

HOME, AWAY = "http://collector.home:4318", "https://collector.example/otlp"


class Somewhere:
    def address_for(self, role: Role, name: str) -> BrokerAddress:
        return BrokerAddress(host="127.0.0.1", port=1, username=f"{role}-{name}")


def loaded(folder: Path, near: str = "", far: str = "", **flags: dict[str, object]) -> Pipeline:
    path = folder / "pipeline.yaml"
    path.write_text(f"private: {{cameras: {{yard: {{source: 0}}}}{near}}}\ncloud: {{analyzers: 1{far}}}\n")
    return load_pipeline(path, **flags)  # type: ignore[arg-type]


def told(pipeline: Pipeline) -> tuple[TraceSettings, TraceSettings, bool, TraceSettings]:
    """What camera, edge (and whether it shares) and analyzer are told."""
    place = Somewhere()
    edge = edge_settings(pipeline, place, place)
    camera = camera_settings(pipeline, place)
    analyzer = analyzer_settings(pipeline, "analyzer-1", place, RedisPlace("", ""))
    return camera.traces, edge.traces, edge.share_traces, analyzer.traces


def test_without_a_word_nobody_traces(tmp_path: Path) -> None:
    off = TraceSettings()
    assert off.endpoint == ""
    assert told(loaded(tmp_path)) == (off, off, False, off)


def test_each_side_has_a_collector_of_its_own_and_nothing_crosses_by_itself(tmp_path: Path) -> None:
    home, away = TraceSettings(endpoint=HOME, ratio=0.1), TraceSettings(endpoint=AWAY)
    private = f', traces: {{endpoint: "{HOME}", ratio: 0.1}}'
    assert told(loaded(tmp_path, private, f', traces: "{AWAY}"')) == (home, home, False, away)
    shared = f', traces: {{endpoint: "{HOME}", share: true}}'
    assert told(loaded(tmp_path, shared))[2:] == (True, TraceSettings())


def test_the_flag_shows_the_whole_way_to_one_collector(tmp_path: Path) -> None:
    private, cloud = trace_keys(HOME)
    one = TraceSettings(endpoint=HOME)
    assert told(loaded(tmp_path, f', traces: "{AWAY}"', private=private, cloud=cloud)) == (
        one,
        one,
        True,
        one,
    )
    cameras = {"demo": {"source": "demo:"}}
    of_flags = pipeline_of_flags({"private": {"cameras": cameras, **private}, "cloud": cloud}, FLAGS)
    assert told(of_flags) == (one, one, True, one)
    assert trace_keys(None) == ({}, {})


def test_a_flag_that_is_no_address_is_blamed_by_its_name() -> None:
    private, cloud = trace_keys("collector:4318")
    with pytest.raises(ConfigError) as caught:
        pipeline_of_flags({"private": private, "cloud": cloud}, FLAGS)
    told = '--traces: "collector:4318" is not the address of a trace collector. Write http://HOST:4318.'
    assert caught.value.problems == (told,)


def test_the_plan_says_where_spans_would_go_and_what_crosses(tmp_path: Path) -> None:
    near, far = f', traces: "{HOME}"', f', traces: "{AWAY}"'
    apart = plan(loaded(tmp_path, near, far), "up")
    assert apart[-2:] == [
        f"traces of the private side: to {HOME}; nothing of them crosses",
        f"traces of the cloud side: to {AWAY}",
    ]
    shared = loaded(tmp_path, f', traces: {{endpoint: "{HOME}", share: true}}', far)
    assert plan(shared, "edge")[-1] == f"traces of the private side: to {HOME}; the id of each crosses"
    assert plan(shared, "analyzer")[-1] == f"traces of the cloud side: to {AWAY}"
    assert not any("traces" in line for line in plan(loaded(tmp_path), "up"))


def test_a_library_that_is_missing_is_a_matter_of_settings() -> None:
    assert report(BadTraces("not installed")) == 2


@pytest.mark.parametrize(
    ("private", "cloud", "problem"),
    [
        (
            ', traces: "http://u:hidden@h:1"',
            "",
            "private.traces: holds a password. Take it out, and set OTEL_EXPORTER_OTLP_HEADERS "
            "where the node runs.",
        ),
        (
            ', traces: {endpoint: "http://h:4318/?key=hidden"}',
            "",
            'private.traces.endpoint: "http://h:4318/?***" is not the address of a trace collector. '
            "Write http://HOST:4318.",
        ),
        (
            ', traces: {endpoint: "http://h:4318", ratio: 0}',
            "",
            "private.traces.ratio: 0 is not a share of the traces. Write a number from 0.0001 to 1.",
        ),
        ("", ", traces: {ratio: 1}", "cloud.traces.endpoint: is missing."),
        (
            "",
            ', traces: {endpoint: "http://h:4318", share: true}',
            'cloud.traces: "share" is not a key. Allowed: endpoint, ratio.',
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, private: str, cloud: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, private, cloud)
    assert [text.partition("pipeline.yaml: ")[2] for text in caught.value.problems] == [problem]
    assert "hidden" not in str(caught.value)
