"""The counts of one run of a camera; exported as metrics while they grow."""

from collections import Counter
from typing import final

from camera_node.source import SourceCounts
from monitoring.metrics import DROPPED, FRAMES_READ, FRAMES_RETRANSMITTED, FRAMES_SENT


@final
class Tally:
    """Counts what became of a run's pictures.

    Attributes:
        camera: The camera's name.
        sent: Frames that the broker took, each counted once.
        retransmitted: Times that a frame was sent again.
    """

    def __init__(self, camera: str) -> None:
        self.camera = camera
        self.sent = 0
        self.retransmitted = 0
        self._own: Counter[str] = Counter()
        self._source = SourceCounts()

    @property
    def read(self) -> int:
        """Pictures read from the source."""
        return self._source.read

    @property
    def dropped(self) -> dict[str, int]:
        """Pictures dropped by the source and on the way to the broker, by reason."""
        return dict(self._own + Counter(dict(self._source.dropped)))

    def drop(self, reason: str) -> None:
        """Count a picture that was dropped here."""
        self._own[reason] += 1
        DROPPED.labels(self.camera, reason).inc()

    def count_sent(self) -> None:
        """Count a frame that the broker took for the first time."""
        self.sent += 1
        FRAMES_SENT.labels(self.camera).inc()

    def count_retransmitted(self) -> None:
        """Count a frame that is sent again."""
        self.retransmitted += 1
        FRAMES_RETRANSMITTED.labels(self.camera).inc()

    def take_source(self, counts: SourceCounts) -> None:
        """Note the source's own totals, which only grow."""
        before, self._source = self._source, counts
        FRAMES_READ.labels(self.camera).inc(max(0, counts.read - before.read))
        for reason, count in counts.dropped.items():
            DROPPED.labels(self.camera, reason).inc(max(0, count - before.dropped.get(reason, 0)))
