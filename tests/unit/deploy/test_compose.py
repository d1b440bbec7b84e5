"""The compose files: accepted by compose itself, hardened, and two sides that know nothing of each other."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from penumbra.app import app
from penumbra.pipeline_file import load_pipeline
from tests.unit.deploy.programs import DEPLOY, linted, prepare

SIDES = ("private", "cloud")
COMPOSE = DEPLOY / "compose"
LARGEST = {"g": 2**30, "m": 2**20}
Json = dict[str, Any]


def services(side: str) -> dict[str, Json]:
    return yaml.safe_load((COMPOSE / side / "compose.yaml").read_text())["services"]


def each() -> Iterator[tuple[str, str, Json]]:
    for side in SIDES:
        for name, service in services(side).items():
            yield side, name, service


EACH = [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in each()]


def bound(service: Json) -> list[tuple[str, str]]:
    """What of this host a service sees: where it lies here, and where there; named volumes left out."""
    places = [volume.split(":") for volume in service.get("volumes", [])]
    return [(place[0], place[1]) for place in places if place[0].startswith(".")]


@pytest.mark.parametrize("side", SIDES)
def test_compose_accepts_the_file(side: str) -> None:
    assert linted("docker-compose", "config", "--quiet", cwd=COMPOSE / side) == ""


@pytest.mark.parametrize(("side", "name", "service"), EACH)
def test_every_service_is_small_unprivileged_and_watched(side: str, name: str, service: Json) -> None:
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & set(service)
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    assert int(service["mem_limit"][:-1]) * LARGEST[service["mem_limit"][-1]] <= 2 * 2**30
    assert service["logging"]["options"]["max-size"]
    if "build" not in service:
        assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-alpine)?", service["image"]), "a tag that moves"
    for source, target in bound(service):
        assert f"{source}:{target}:ro" in service["volumes"], "what is mounted from this host is only read"


@pytest.mark.parametrize(("side", "name", "service"), EACH)
def test_what_is_shipped_and_mounted_is_there(side: str, name: str, service: Json) -> None:
    for source, _ in bound(service):
        if not source.startswith(("./made", "./from-cloud")):
            assert (COMPOSE / side / source).exists(), source


def test_only_the_edge_holds_an_account_of_the_cloud() -> None:
    holders = {
        name for name, service in services("private").items() if any("cloud" in s for s, _ in bound(service))
    }
    assert holders == {"edge"}
    assert "to-cloud" in services("private")["edge"]["networks"]
    assert [name for name, one in services("private").items() if "to-cloud" in one["networks"]] == ["edge"]


def test_nothing_of_the_cloud_side_knows_a_camera_or_a_page_that_does() -> None:
    for file in (COMPOSE / "cloud").rglob("*.y*ml"):
        told = "\n".join(line.partition("#")[0] for line in file.read_text().splitlines())
        assert "camera" not in told, file
        assert "private" not in told, file
    assert not load_pipeline(COMPOSE / "cloud" / "pipeline.yaml", needs_cameras=False).private.cameras


def test_each_node_sees_its_own_password_and_no_other() -> None:
    role_of = {"broker-monitor": "monitor"}
    for side, name, service in each():
        seen = [source for source, _ in bound(service) if "/secrets/" in source]
        assert len(seen) <= 1, (side, name)
        for source in seen:
            assert Path(source).name.startswith(role_of.get(name, name)), (side, name)


def test_what_is_published_is_the_clouds_broker_and_pages_of_this_host() -> None:
    published = {(side, name): service["ports"] for side, name, service in each() if "ports" in service}
    assert published == {
        ("private", "grafana"): ["127.0.0.1:3000:3000"],
        ("cloud", "broker"): ["8883:8883"],
        ("cloud", "grafana"): ["127.0.0.1:3000:3000"],
    }


@pytest.mark.parametrize("side", SIDES)
def test_prometheus_asks_the_services_of_its_side_where_they_serve(side: str) -> None:
    asked = {
        target
        for file in (COMPOSE / side / "targets").glob("*.yml")
        for group in yaml.safe_load(file.read_text())
        for target in group["targets"]
    }
    served = {}
    for name, service in services(side).items():
        check = re.search(r"127\.0\.0\.1:(\d+)/readyz", str(service["healthcheck"]["test"]))
        if check is not None:
            served[name] = f"{name}:{check[1]}"
    assert asked == set(served.values())
    jobs = {file.name for file in (COMPOSE / side / "targets").glob("*.yml")}
    assert jobs == {"camera.yml", "edge.yml", "helper.yml", "analyzer.yml", "broker.yml"}


@pytest.mark.parametrize(
    ("node", "side"), [("camera", "private"), ("edge", "private"), ("analyzer", "cloud")]
)
def test_the_nodes_accept_the_pipeline(node: str, side: str) -> None:
    words = [node, "--config", str(COMPOSE / side / "pipeline.yaml"), "--validate-config"]
    ran = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after `prepare`, run twice as somebody would who is not sure."""
    folder = tmp_path_factory.mktemp("deploy") / "compose"
    shutil.copytree(COMPOSE, folder)
    made: list[str] = []
    for _ in range(2):
        prepare(folder)
        made.append((folder / "private" / "made" / "secrets" / "edge-edge.password").read_text())
    assert made[0] == made[1], "a second run keeps what the nodes were told"
    return folder


@pytest.mark.timeout(240)
def test_prepare_makes_every_file_for_who_reads_it(prepared: Path) -> None:
    for side, name, service in each():
        user, group = map(int, service["user"].split(":"))
        for source, _ in bound(service):
            file = prepared / side / source
            if not source.startswith(("./made", "./from-cloud")):
                continue
            assert file.is_file(), f"{side} {name}: {source}"
            state = file.stat()
            if "secrets" in source or file.suffix in (".key", ".password") or file.name == "passwords":
                assert state.st_mode & 0o077 == 0, f"others may read {source}"
            if os.geteuid() == 0:
                readable = (state.st_uid == user and state.st_mode & 0o400) or state.st_mode & 0o004
                assert readable, f"{side} {name}: {group} {source} is not readable"


def test_the_edge_is_given_its_own_password_for_the_cloud(prepared: Path) -> None:
    given = (prepared / "private" / "from-cloud" / "edge-edge.password").read_text()
    assert given == (prepared / "cloud" / "made" / "secrets" / "edge-edge.password").read_text()
    assert given != (prepared / "private" / "made" / "secrets" / "edge-edge.password").read_text()
    assert {file.name for file in (prepared / "private" / "from-cloud").iterdir()} == {
        "ca.crt",
        "edge-edge.password",
    }


def test_prepare_without_a_host_says_how() -> None:
    ran = subprocess.run([COMPOSE / "prepare"], capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert "Usage" in ran.stderr
