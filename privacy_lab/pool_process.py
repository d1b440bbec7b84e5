"""A process of a pool ends with the one that started it, however that ended."""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait


def end_with_parent() -> None:
    """Watch the parent from a thread of its own; for a pool's `initializer`.

    A pool whose parent is killed waits for its next piece of work for ever, and computes the one it has.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    # Nobody is left who would read what is computed; what is finished has been written.
    os._exit(1)
