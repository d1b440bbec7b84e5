"""The linters of the files for deployment; each is optional, because not every machine can have it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import require_program

DEPLOY = Path(__file__).parent.parent.parent.parent / "deploy"


def linted(program: str, *arguments: str | Path, cwd: Path = DEPLOY) -> str:
    """Run a linter, which must find nothing; skips where it is not installed. Returns what it printed."""
    found = shutil.which(program, path=str(Path(sys.executable).parent)) or shutil.which(program)
    if found is None:
        pytest.skip(
            f"{program} is not installed (the dev extra brings it on Linux on x86-64; systemd its own)"
        )
    done = subprocess.run(
        [found, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def prepare(folder: Path) -> None:
    """Run `prepare` in a copy of the compose folder."""
    require_program("openssl")
    environment = os.environ | {"PENUMBRA": str(Path(sys.executable).parent / "penumbra")}
    command = [folder / "prepare", "cloud.example.org"]
    subprocess.run(command, check=True, capture_output=True, timeout=100, env=environment)
