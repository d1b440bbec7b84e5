"""`penumbra lab place` shows who holds what, writes it down, and says what stands in the way."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from feature_node.errors import BadDevices
from feature_node.placement.devices import read_fleet
from feature_node.placement.plan import decode_plan
from models.errors import BundleNotFound
from penumbra import lab_commands
from penumbra.errors import ConfigError
from privacy_lab.placement.networks import SIMULATED, planned

DEVICES = """
period: 60 s
source: {memory: 1 GB, multiplications: 560 M/s, rate: 72.2 Mb/s}
helpers:
  - {name: pi, count: 8, memory: 1 GB, multiplications: 560 M/s, rate: 72.2 Mb/s}
"""


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    path = tmp_path / "devices.yaml"
    path.write_text(DEVICES)
    return path


def shown(devices: Path, *words: str) -> str:
    asked = ["place", "--devices", str(devices), "--table", "published", *words]
    result = CliRunner().invoke(lab_commands.app, asked)
    if result.exception:
        raise result.exception
    return " ".join(result.output.split())


@pytest.mark.parametrize("solver", ["ours", "algorithm-1"])
def test_a_plan_is_shown_drawn_and_written(devices, tmp_path, solver) -> None:
    out, picture = tmp_path / "plan.json", tmp_path / "plan.svg"
    output = shown(
        devices, "--network", "six-conv", "--solver", solver, "--out", str(out), "--draw", str(picture)
    )
    assert "conv12 64 8 8" in output  # 64 maps, at most 8 a helper, so all eight helpers
    assert "rebuilds pictures to SSIM 0.4 at most" in output
    network = planned("six-conv", SIMULATED["six-conv"])
    plan = decode_plan(out.read_bytes(), network, read_fleet(devices))
    assert plan.solver == solver
    assert "pi-8" in picture.read_text()


def test_what_the_source_keeps_is_not_handed_out(devices) -> None:
    output = shown(devices, "--network", "vgg19", "--keep", "conv4_1", "--max-ssim", "0.4")
    assert "pool3 256 0" in output
    assert "conv4_2 512 all 8" in output


def test_the_exact_solver_and_a_star_are_asked_for_by_name(devices) -> None:
    assert "lenet, exact, star" in shown(
        devices, "--network", "lenet", "--solver", "exact", "--topology", "star"
    )


def test_what_stands_in_the_way_is_said(devices, tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"there are 8; add 24.*8 helpers may at --max-ssim 0\.880"):
        shown(devices, "--network", "vgg16")
    with pytest.raises(ConfigError, match="16 helpers are needed"):
        shown(devices, "--network", "six-conv", "--colluding", "2")
    with pytest.raises(ConfigError, match=r"--keep conv9: write one of conv11"):
        shown(devices, "--network", "six-conv", "--keep", "conv9")
    with pytest.raises(ConfigError, match="--network resnet"):
        shown(devices, "--network", "resnet")
    with pytest.raises(ConfigError, match=r"\.svg or \.png"):
        shown(devices, "--network", "lenet", "--draw", "plan.pdf")
    with pytest.raises(ConfigError, match="cannot be written"):
        shown(devices, "--network", "lenet", "--out", str(tmp_path / "none" / "plan.json"))
    with pytest.raises(BundleNotFound):
        shown(devices, "--network", "lenet", "--table", str(tmp_path / "none.json"))
    devices.write_text(DEVICES.replace("72.2", "0"))
    with pytest.raises(BadDevices, match="zero"):
        shown(devices, "--network", "lenet")
