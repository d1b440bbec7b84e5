"""Says whether a picture has changed since a detector last looked, so that it may be spared.

A detection is spared only while every block of the picture looks as it did in the last picture that the
detector saw, and at most for a set number of frames: a new face anywhere changes the blocks it covers.
"""

import threading
from collections import OrderedDict
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from feature_node.picture import Picture

BLOCKS_ACROSS: Final = 80
CHANGE: Final = 6
"""Levels (of 255) by which a block's mean may differ and still count as unchanged."""
STREAMS: Final = 512

Blocks = NDArray[np.int16]


class _Seen(NamedTuple):
    captured_ns: int
    blocks: Blocks
    spared: int


@final
class Watch:
    """Compares each picture with the last that was looked at; safe to call from several threads."""

    def __init__(self, every: int) -> None:
        """Have a detector look at every `every`-th frame at the latest; 1 spares nothing."""
        self._every = every
        self._seen: OrderedDict[tuple[str, int], _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def unchanged_since(self, stream: tuple[str, int], captured_ns: int, picture: Picture) -> int | None:
        """Give the capture time of the picture whose detection is still true; None: look now.

        The caller that gets None must look; the picture is what the next ones are compared with.
        """
        if self._every == 1:
            return None
        blocks = _blocks(picture)
        with self._lock:
            last = self._seen.pop(stream, None)
            spare = last is not None and self._is_still(last, captured_ns, blocks)
            if last is not None and spare:
                self._seen[stream] = last._replace(spared=last.spared + 1)
                return last.captured_ns
            self._seen[stream] = _Seen(captured_ns, blocks, 0)
            if len(self._seen) > STREAMS:
                self._seen.popitem(last=False)
            return None

    def _is_still(self, last: _Seen, captured_ns: int, blocks: Blocks) -> bool:
        if last.spared + 1 >= self._every or captured_ns <= last.captured_ns:
            return False
        same_shape = last.blocks.shape == blocks.shape
        return same_shape and int(np.abs(last.blocks - blocks).max()) <= CHANGE


def _blocks(picture: Picture) -> Blocks:
    """Give the mean of each block and colour."""
    import cv2  # noqa: PLC0415 - see feature_node.picture

    height, width = picture.shape[:2]
    across = min(width, BLOCKS_ACROSS)
    down = max(1, min(height, round(height * across / width)))
    return np.asarray(cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA), np.int16)
