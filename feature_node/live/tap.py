"""Where the edge lets the live page look on: one `if` a frame while nobody does."""

from typing import Final, Protocol, final

from broker.answers import Answer
from broker.frames import Frame
from feature_node.telling import Tell
from feature_node.way import Released


class Tap(Protocol):
    """Is shown what left the house and what came home; asks for neither unless `watched`."""

    @property
    def watched(self) -> bool:
        """Whether anybody looks on now; if not, nothing below is called."""
        ...

    def left(self, frame: Frame, released: Released) -> None:
        """See a frame and what is sent of it; returns at once."""
        ...

    def answered(self, answer: Answer) -> None:
        """See what became of a frame; returns at once."""
        ...


@final
class Untapped:
    """A `Tap` where there is no live page."""

    watched = False

    def left(self, frame: Frame, released: Released) -> None:
        """See `Tap`."""

    def answered(self, answer: Answer) -> None:
        """See `Tap`."""


NO_TAP: Final = Untapped()


def shown_to(tap: Tap) -> Tell:
    """Give what shows a tap each answer while somebody watches."""

    def tell(answer: Answer) -> None:
        if tap.watched:
            tap.answered(answer)

    return tell
