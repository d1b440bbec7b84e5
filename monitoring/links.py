"""Counts what a link to a broker does."""

from typing import Any, Protocol, final

from monitoring.metrics import (
    LINK_CONNECTS,
    LINK_UP,
    RECEIVED,
    RECEIVED_BYTES,
    REFUSED_MESSAGES,
    SENT,
    SENT_BYTES,
)


class _Topic(Protocol):
    @property
    def pattern(self) -> str: ...


@final
class LinkMetrics:
    """Exports a link's state and traffic under its side's name; fits `broker.link.LinkObserver`."""

    def __init__(self, side: str) -> None:
        self._side = side
        LINK_UP.labels(side).set(0)

    def on_link(self, connected: bool) -> None:
        """The link stands, or no longer does."""
        LINK_UP.labels(self._side).set(connected)
        if connected:
            LINK_CONNECTS.labels(self._side).inc()

    def on_sent(self, topic: Any, size: int) -> None:
        """The broker took a message."""
        SENT.labels(self._side, _name(topic)).inc()
        SENT_BYTES.labels(self._side, _name(topic)).inc(size)

    def on_received(self, topic: Any, size: int) -> None:
        """A message came in."""
        RECEIVED.labels(self._side, _name(topic)).inc()
        RECEIVED_BYTES.labels(self._side, _name(topic)).inc(size)

    def on_refused(self, topic: Any, reason: str) -> None:
        """A message was not let in, or had no room."""
        REFUSED_MESSAGES.labels(_name(topic), reason).inc()


def _name(topic: _Topic) -> str:
    """Name the row of the topic table, never the camera or stream."""
    return topic.pattern.replace("/{id}", "")
