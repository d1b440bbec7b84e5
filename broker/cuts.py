"""Connections that are cut again and again soon after they stand: what that means, in words."""

from typing import Final, final

_MANY: Final = 4
_SETTLED_SECONDS: Final = 10.0
_MEANING: Final = (
    "Does another client use the same client id (each needs its own), or is a message over the broker's "
    "size limit?"
)


@final
class Cuts:
    """Counts connections that did not last.

    Some brokers (mosquitto before 2.0.15) do not say that another client took the connection over; two
    clients of one id then cut each other off for ever, and it shows by repetition alone.
    """

    def __init__(self) -> None:
        self._in_a_row = 0

    @property
    def many(self) -> bool:
        """Whether it has happened often enough to mean something."""
        return self._in_a_row >= _MANY

    def explained(self, reason: str, lasted: float) -> str:
        """Count one that lasted so many seconds; returns the reason of its end, and what it means if many."""
        self._in_a_row = self._in_a_row + 1 if lasted < _SETTLED_SECONDS else 0
        if not self.many:
            return reason
        return f"{reason}, {self._in_a_row} times in a row soon after connecting. {_MEANING}"
