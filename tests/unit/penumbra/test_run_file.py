import os
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from broker.address import BrokerAddress
from penumbra.run_file import ENDING, RunInfo, announced, run_folder, running

ADDRESS = BrokerAddress(host="127.0.0.1", port=1, username="viewer-terminal", password_file=Path("/x/y"))


def info(pid: int, started: int = 1) -> RunInfo:
    return RunInfo(pid=pid, started_ns=started, viewer=ADDRESS, redis="unix:///r")


def test_a_run_is_found_while_it_lasts_and_by_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with announced(info(os.getpid()), folder):
        assert running(folder) == info(os.getpid())
        (file,) = folder.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert running(folder) is None
    assert list(folder.iterdir()) == []


def test_the_leftovers_of_a_dead_run_are_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"{dead.pid}{ENDING}"
    left.write_bytes(msgspec.json.encode(info(dead.pid), enc_hook=str))
    assert running(tmp_path) is None
    assert not left.exists()


def test_the_newest_run_is_chosen_and_nonsense_passed_over(tmp_path: Path) -> None:
    (tmp_path / f"1{ENDING}").write_bytes(b"{not json")
    (tmp_path / f"2{ENDING}").write_bytes(msgspec.json.encode(info(os.getpid(), 1), enc_hook=str))
    (tmp_path / f"3{ENDING}").write_bytes(msgspec.json.encode(info(os.getpid(), 2), enc_hook=str))
    found = running(tmp_path)
    assert found is not None
    assert found.started_ns == 2


def test_a_folder_that_cannot_be_written_harms_nobody(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with announced(info(os.getpid()), blocked / "run"):
        assert running(tmp_path / "none") is None


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert run_folder() == tmp_path / "penumbra"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run_folder() == tmp_path / "cache" / "penumbra" / "run"
