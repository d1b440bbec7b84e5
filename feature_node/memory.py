"""Keeps the process small, where the C library is glibc; elsewhere nothing needs to be done or can be."""

import ctypes
from typing import Any, Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 2**18


def keep_small() -> None:
    """Make freed memory return to the system; called before any other thread starts.

    By default each thread keeps a heap of its own, and heaps keep the pictures that were freed: 40 MiB.
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_freed_memory() -> None:
    """Return what was freed to the system at once: loading a network leaves much of it."""
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc(function: str) -> Any:
    return getattr(ctypes.CDLL(None), function, None)
