"""Whether this host's clock follows a reference: what the kernel knows from NTP or PTP."""

import ctypes
import ctypes.util
from typing import Final

from broker.frames import Clock

_UNSYNCHRONISED: Final = 5
_BUFFER_BYTES: Final = 256
"""`struct timex` has 208 bytes on 64-bit Linux and fewer elsewhere."""


def host_clock() -> Clock:
    """Ask the kernel; `free` where it does not know, or cannot be asked."""
    try:
        adjtimex = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True).adjtimex
    except (OSError, AttributeError):
        return "free"
    # All zero means "change nothing": the call only reads.
    state = adjtimex(ctypes.create_string_buffer(_BUFFER_BYTES))
    return "free" if state in (-1, _UNSYNCHRONISED) else "synchronised"
