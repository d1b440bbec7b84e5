"""The one thing of a trace that travels in messages: a W3C `traceparent`, and nothing beside it.

Version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/, section 3.2), in the only form
that is let in: version 00, lower-case hex digits, ids that are not all zeros, and no flag but `sampled`.
There is no `tracestate` and no baggage: neither has a field to stand in.
"""

import re
from typing import Final

TRACEPARENT_LENGTH: Final = 55
UNTRACED: Final = ""
"""Stands where a message belongs to no trace."""

_TRACEPARENT: Final = re.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")


def is_traceparent(value: str) -> bool:
    """Say whether `value` may stand in a message as its `traceparent`."""
    return len(value) == TRACEPARENT_LENGTH and _TRACEPARENT.fullmatch(value) is not None


def check_traceparent(value: str) -> None:
    """Raise `ValueError` unless `value` is a `traceparent` or says that there is none."""
    if value != UNTRACED and not is_traceparent(value):
        raise ValueError("traceparent is not one of version 00 in lower-case hex digits")
