"""The ledger on disk: read again as written, or refused with what to do."""

import contextlib
import json
import os
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_node.budget.account import Account, Spent, empty
from feature_node.budget.ledger import Ledger
from feature_node.budget.ledger_file import DiskLedger
from feature_node.budget.limits import Limits
from feature_node.errors import BadLedger, BudgetSpent, LedgerUnusable
from tests.unit.feature_node.budget.twins import NOON, SetClock

NOW_NS = NOON * 10**9


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "home-edge.ledger.json"


def written(path, account: Account | None = None):
    file = DiskLedger(path)
    file.write({"yard": account or empty(NOW_NS).plus(8_000_000, 1e-6)})
    file.close()
    return path


def read(path, now_ns: int = NOW_NS) -> dict[str, Account]:
    file = DiskLedger(path)
    try:
        return file.read(now_ns)
    finally:
        file.close()


def test_it_gives_back_what_was_written_and_only_its_owner_reads_it(path):
    file = DiskLedger(path)
    assert file.read(NOW_NS) == {}, "there is none before the first spend"
    account = empty(NOW_NS).plus(8_000_000, 1e-6)
    file.write({"yard": account, "door": empty(NOW_NS)})
    assert file.read(NOW_NS) == {"yard": account, "door": empty(NOW_NS)}
    assert path.stat().st_mode & 0o777 == 0o600
    file.close()
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        ".home-edge.ledger.json.lock",
        "home-edge.ledger.json",
    ]


def test_a_restart_goes_on_where_the_last_run_ended(path):
    clock = SetClock()
    for _ in range(2):
        books = Ledger(Limits(day=16), DiskLedger(path), clock)
        books.spend("yard", 8)
        books.close()
    books = Ledger(Limits(day=16), DiskLedger(path), clock)
    with pytest.raises(BudgetSpent):
        books.spend("yard", 1)
    books.close()


def test_two_edges_never_count_with_one_ledger(path):
    first = DiskLedger(path)
    with pytest.raises(BadLedger, match=r"another edge node counts with this ledger\. End it, or"):
        DiskLedger(path)
    first.close()
    DiskLedger(path).close()


def test_a_killed_process_lets_go_of_it(path):
    holds = "import sys,pathlib,feature_node.budget.ledger_file as f; f.DiskLedger(pathlib.Path(sys.argv[1]))"
    script = f"{holds}; print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(BadLedger, match="another edge node"):
            DiskLedger(path)
        process.kill()
        process.wait(30)
    DiskLedger(path).close()


def test_a_draft_that_a_crash_left_is_no_hindrance(path):
    written(path)
    path.with_name(f".{path.name}.draft").write_bytes(b"half of i")
    assert read(written(path))["yard"].day.millionths == 8_000_000


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"8000000", b"1000000"),
        lambda data: data.replace(b'"yard"', b'"shop"'),
        lambda data: data.replace(b'"millionths"', b'"millions"'),
        lambda data: b"\xff\xfe" + data,
        lambda data: b"[" * 100_000,
        lambda data: b'{"schema": "one"}',
        lambda data: b'{"schema": 1}',
        lambda data: data + b" " * (8 << 20),
    ],
    ids=["empty", "half", "amount", "name", "key", "bytes", "deep", "schema", "bare", "long"],
)
def test_a_damaged_ledger_is_refused_with_what_to_do(path, damage):
    written(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadLedger, match=r"the ledger is damaged \(.*Restore it from a backup\. Or remove it"):
        read(path)
    assert path.exists(), "nothing is thrown away by itself"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_goes_unseen(tmp_path_factory, data):
    path = written(tmp_path_factory.mktemp("ledger") / "one.json")
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != before[place]))
    path.write_bytes(before[:place] + bytes([byte]) + before[place + 1 :])
    with contextlib.suppress(BadLedger):
        assert read(path)["yard"] == empty(NOW_NS).plus(8_000_000, 1e-6)


def test_a_ledger_of_a_newer_version_is_refused_by_its_number(path):
    written(path)
    content = json.loads(path.read_bytes())
    path.write_bytes(json.dumps({**content, "schema": 2, "more": []}).encode())
    with pytest.raises(BadLedger, match=r"schema 2, this version of penumbra reads 1\. Install the version"):
        read(path)


def test_a_ledger_from_the_future_is_refused_with_both_times(path):
    written(path)
    with pytest.raises(BadLedger, match=r"2025-10-09 12:00 UTC.*clock says 2025-10-09 11:57 UTC\. Set the"):
        read(path, NOW_NS - 121 * 10**9)
    assert read(path, NOW_NS - 59 * 10**9), "a clock may be set by a minute"


def test_a_window_that_no_ledger_would_write_is_damage(path):
    crooked = Account(minute=Spent(NOON + 1), hour=Spent(NOON), day=Spent(NOON - NOON % 86400))
    with pytest.raises(BadLedger, match="window's start cannot be"):
        read(written(path, crooked), NOW_NS + 10**12)


@pytest.mark.parametrize("mode", [0o640, 0o602, 0o666])
def test_a_ledger_that_others_may_read_or_change_is_refused(path, mode):
    written(path).chmod(mode)
    with pytest.raises(BadLedger, match=f"chmod 600 {path}"):
        read(path)


def test_a_folder_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(BadLedger, match="cannot be used"):
        DiskLedger(tmp_path / "file" / "ledger.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(BadLedger, match="cannot be read"):
        read(tmp_path / "folder.json")


def test_a_disk_that_takes_nothing_holds_the_frame_back(path):
    file = DiskLedger(path)
    path.mkdir()  # nothing can be put in the place of a folder
    books = Ledger(Limits(), _Unread(file), SetClock())
    with pytest.raises(LedgerUnusable, match="cannot be written"):
        books.spend("yard", 1)
    assert books.spent("yard", "day") == 0
    file.close()


class _Unread:
    def __init__(self, file: DiskLedger) -> None:
        self.write, self.close = file.write, file.close

    def read(self, now_ns: int) -> dict[str, Account]:
        return {}


def test_a_crash_between_reserving_and_spending_counts_too_much_never_too_little(path):
    # The process is killed right after the file was replaced: what it was about to send counts as sent.
    script = (
        "import os, pathlib, sys\n"
        "from feature_node.budget.ledger import Ledger\n"
        "from feature_node.budget.ledger_file import DiskLedger\n"
        "from feature_node.budget.limits import Limits\n"
        "class Cut:\n"
        "    def __init__(self, file): self.read, self.close, self._file = file.read, file.close, file\n"
        "    def write(self, accounts):\n"
        "        self._file.write(accounts)\n"
        "        os.kill(os.getpid(), 9)\n"
        f"clock = lambda: {NOW_NS}\n"
        "Ledger(Limits(day=32), Cut(DiskLedger(pathlib.Path(sys.argv[1]))), clock).spend('yard', 8)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], check=False, timeout=60)
    assert done.returncode == -9
    books = Ledger(Limits(day=32), DiskLedger(path), SetClock())
    assert 8 <= books.spent("yard", "day") <= 16
    books.close()


def test_it_is_bounded_though_full(path):
    accounts = {f"c{number}": empty(NOW_NS).plus(2**61, 0.123456789) for number in range(4096)}
    file = DiskLedger(path)
    file.write(accounts)
    assert file.read(NOW_NS) == accounts
    file.close()
    assert msgspec.json.decode(path.read_bytes())["schema"] == 1
    assert os.stat(path).st_size < 8 * 2**20  # noqa: PTH116
