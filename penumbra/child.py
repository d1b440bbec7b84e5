"""Runs another module as this process, and ends with the process that started it, however that one ended.

`python -m penumbra.child PARENT_PID MODULE` is `python -m MODULE`, except that the kernel sends SIGTERM when
the parent dies (Linux): a killed `penumbra up` leaves no camera open behind it.
"""

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(parent: int) -> None:
    """Ask the kernel to end this process with its parent; end now if the parent is gone already."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def main() -> None:
    """Run the module named on the command line."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    end_with_parent(parent)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
