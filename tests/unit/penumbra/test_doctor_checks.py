import sys
from pathlib import Path

import pytest
from rich.console import Console

from broker.address import BrokerAddress
from broker.status import NodeStatus
from camera_node.settings import CameraSpec
from penumbra.doctor_checks import (
    check_broker,
    check_bundle,
    check_camera,
    check_node,
    check_offset,
    check_redis,
    check_release,
    check_versions,
)
from penumbra.findings import Finding, findings_view, healthy, verdict
from penumbra.node_settings import RedisPlace
from penumbra.pipeline_schema import EdgeEntry, NoiseEntry, PolicyEntry
from tests.unit.models import made, noisy


def test_findings_are_drawn_with_their_remedies() -> None:
    found = [Finding("ok", "a", "fine"), Finding("fail", "b", "rtsp://u:hunter2@h", "Do this.")]
    console = Console(width=100, color_system=None)
    with console.capture() as capture:
        console.print(findings_view(found))
    lines = [line.strip() for line in capture.get().splitlines()]
    assert lines == ["✓  a  fine", "✗  b  rtsp://***@h", "→ Do this.", "1 of 2 checks failed."]
    assert not healthy(found)


def test_the_verdict() -> None:
    assert verdict([Finding("ok", "a", "")]) == "All is well."
    assert verdict([Finding("ok", "a", ""), Finding("warn", "b", "")]) == "All works; 1 of 2 could be better."
    assert healthy([Finding("warn", "b", "")])


@pytest.mark.parametrize(
    ("offset", "mark", "words"),
    [
        (0.0, "ok", "within"),
        (0.412, "warn", "this host is 412 ms behind the cloud: ages are off by that much"),
        (-3.0, "warn", "this host is 3000 ms ahead of the cloud"),
    ],
)
def test_a_clock_that_is_off_is_told_with_its_direction(offset: float, mark: str, words: str) -> None:
    finding = check_offset(offset, 0.001)
    assert finding.mark == mark
    assert words in finding.detail


def test_an_uncertain_measurement_accuses_nobody() -> None:
    assert check_offset(0.3, 0.25).mark == "ok"


@pytest.mark.parametrize(
    ("state", "version", "mark"),
    [("online", "", "ok"), ("degraded", "", "warn"), ("offline", "", "fail"), ("online", "0.0.1", "warn")],
)
def test_nodes_are_judged_by_their_state_and_version(state: str, version: str, mark: str) -> None:
    status = NodeStatus(node="e", role="edge", state=state, version=version)  # type: ignore[arg-type]
    assert check_node(status).mark == mark


async def test_a_broker_that_is_not_there_fails_with_a_remedy() -> None:
    finding = await check_broker("private broker", BrokerAddress(host="127.0.0.1", port=1))
    assert finding.mark == "fail"
    assert finding.remedy


async def test_a_redis_that_is_not_there_is_only_worse() -> None:
    (finding,) = await check_redis(RedisPlace("redis://127.0.0.1:1/0", ""))
    assert (finding.mark, finding.name) == ("warn", "Redis")


async def test_a_source_that_is_not_there_fails(tmp_path: Path) -> None:
    missing = CameraSpec(name="yard", source=str(tmp_path / "none.mp4"))
    finding = await check_camera(missing)
    assert (finding.mark, finding.name) == ("fail", "camera yard")
    assert "none.mp4" in finding.detail


def test_bundles_and_versions() -> None:
    assert check_bundle("no-such-bundle", extractor=True, analyzer=True).mark == "fail"
    assert check_bundle("gender-ours", extractor=True, analyzer=True).mark == "ok"
    assert check_versions().detail.startswith("penumbra ")


def test_noise_that_can_be_had_is_told_with_its_cost_and_other_noise_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = EdgeEntry(bundle=str(made.bundle(tmp_path / "plain")))
    noised = EdgeEntry(bundle=str(made.bundle(tmp_path / "noised", noise=noisy.L1)))
    assert check_release(plain) == []
    assert check_release(EdgeEntry(extractor="shade")) == []
    assert check_release(EdgeEntry(bundle=str(tmp_path / "none"))) == []
    (found,) = check_release(noised)
    assert (found.mark, found.detail) == ("ok", "epsilon_joint 8, epsilon_per_coordinate 8 a region")
    for edge, why in (
        (plain.model_copy(update={"noise": NoiseEntry(epsilon_joint=1.0)}), "was made without noise"),
        (noised.model_copy(update={"policy": PolicyEntry(max_epsilon_joint=1.0)}), "at most 1 a message"),
    ):
        (found,) = check_release(edge)
        assert found.mark == "fail"
        assert why in found.detail
    monkeypatch.setitem(sys.modules, "opendp.prelude", None)
    (found,) = check_release(noised)
    assert (found.mark, "pip install 'penumbra[dp]'" in found.detail) == ("fail", True)
