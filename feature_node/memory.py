"""Keeps the process small."""

import ctypes


def give_back_freed_memory() -> None:
    """Return what was freed to the system, where the C library can: loading a network leaves much of it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
