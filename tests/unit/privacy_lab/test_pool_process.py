"""What a killed command leaves behind of its pool: nothing."""

import subprocess
import sys
from typing import Final

import psutil

_POOL: Final = """
import multiprocessing, os, threading
from concurrent.futures import ProcessPoolExecutor
from privacy_lab.pool_process import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent) as pool:
        print(pool.submit(os.getpid).result(timeout=30), flush=True)
        threading.Event().wait(60)
"""


def test_a_pool_ends_when_its_parent_is_killed() -> None:
    command = [sys.executable, "-c", _POOL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    gone, alive = psutil.wait_procs([child], timeout=30)
    assert gone
    assert not alive
