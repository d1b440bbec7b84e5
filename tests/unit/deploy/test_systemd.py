"""The units: systemd's own checker accepts them, and they give up what a node does not need."""

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from penumbra.app import app
from tests.unit.deploy.programs import DEPLOY, linted

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PROGRAM = "/opt/penumbra/bin/penumbra"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))  # Penumbra is not installed there here
    assert linted("systemd-analyze", "verify", "--man=no", copy) == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_little_is_left_to_an_attacker(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text())
    told = linted("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", copy)
    assert "Overall exposure" in told


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_that_it_starts_knows_every_option(unit: Path) -> None:
    (line,) = re.findall(rf"^ExecStart={PROGRAM} (.+)$", unit.read_text(), re.MULTILINE)
    command, *words = line.split()
    assert command in get_command(app).commands  # type: ignore[attr-defined]
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    for option in (word for word in words if word.startswith("--")):
        assert option in shown


def test_camera_and_edge_are_two_users() -> None:
    users = {unit.name: re.findall(r"^User=(.+)$", unit.read_text(), re.MULTILINE) for unit in UNITS}
    assert users == {
        "penumbra-camera@.service": ["penumbra-camera"],
        "penumbra-edge.service": ["penumbra-edge"],
    }
    made = (DEPLOY / "systemd" / "penumbra.sysusers").read_text()
    assert all(f"u {user[0]} " in made for user in users.values())
