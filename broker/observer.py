"""Who watches a link: metrics in production, nobody in most tests."""

from typing import Protocol, final

from broker.topic import AnyTopic


class LinkObserver(Protocol):
    """Is told what a link does, for metrics; must not block."""

    def on_link(self, connected: bool) -> None:
        """The link stands, or no longer does."""

    def on_sent(self, topic: AnyTopic, size: int) -> None:
        """The broker took a message."""

    def on_received(self, topic: AnyTopic, size: int) -> None:
        """A message came in."""

    def on_refused(self, topic: AnyTopic, reason: str) -> None:
        """A message was not let in, or had no room."""


@final
class Unobserved:
    """Watches nothing."""

    def on_link(self, connected: bool) -> None:
        """See `LinkObserver`."""

    def on_sent(self, topic: AnyTopic, size: int) -> None:
        """See `LinkObserver`."""

    def on_received(self, topic: AnyTopic, size: int) -> None:
        """See `LinkObserver`."""

    def on_refused(self, topic: AnyTopic, reason: str) -> None:
        """See `LinkObserver`."""
