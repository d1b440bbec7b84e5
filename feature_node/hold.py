"""The temporal hold: a face that a detector loses for a moment stays covered.

Nothing here ever covers less than the detection of the frame itself. A frame that comes late or again is
covered by everything that was covered around its time, so that it never shows more than it did at first.
"""

from collections import OrderedDict, deque
from itertools import pairwise
from typing import Final, NamedTuple, final

from feature_node.box import Box, grow, overlap

SAME_FACE: Final = 0.3
"""A new box replaces the held one that it overlaps by at least this share (intersection over union)."""
GROWTH_PER_SECOND: Final = 1.0
"""A held face may have moved: each side goes out by this share of the box a second."""
MAX_GROWTH: Final = 0.5
REMEMBERED: Final = 64
"""Frames of which is kept what was covered; a camera that replays has fewer on their way."""
MAX_HELD: Final = 128
"""Lost faces that are followed one by one; more become one box around them all."""
CLOCK_JUMP_NS: Final = 10_000_000_000
STREAMS: Final = 512


class Track(NamedTuple):
    """A face as last seen, when that was, and for how many detections it has been missing."""

    box: Box
    seen_ns: int
    missed: int


@final
class Hold:
    """What to cover in each frame of one run of one camera.

    A lost face is held for `frames` detections and for `seconds` of capture time, whichever is longer.
    """

    def __init__(self, frames: int, seconds: float) -> None:
        self._frames = frames
        self._hold_ns = int(seconds * 1e9)
        self._tracks: list[Track] = []
        self._latest_ns = 0
        self._last: tuple[int, tuple[Box, ...]] | None = None
        self._covered: deque[tuple[int, tuple[Box, ...]]] = deque(maxlen=REMEMBERED)

    def cover(self, captured_ns: int, found: tuple[Box, ...]) -> tuple[Box, ...]:
        """Give the boxes to cover in the frame of this time, in which `found` were detected."""
        late = self._latest_ns - CLOCK_JUMP_NS < captured_ns <= self._latest_ns
        boxes = self._late(captured_ns, found) if late else self._follow(captured_ns, found)
        self._covered.append((captured_ns, boxes))
        self._last = (captured_ns, found)
        return boxes

    def found_at(self, captured_ns: int) -> tuple[Box, ...] | None:
        """Give what was found if the last detection was that of this time; None otherwise."""
        return self._last[1] if self._last is not None and self._last[0] == captured_ns else None

    def carry(self, captured_ns: int) -> tuple[Box, ...]:
        """Give the boxes to cover in a frame that was not looked at, since it shows what the last one did."""
        boxes = tuple(self._moved(track, captured_ns) for track in self._tracks)
        self._latest_ns = max(self._latest_ns, captured_ns)
        self._covered.append((captured_ns, boxes))
        return boxes

    def _follow(self, now_ns: int, found: tuple[Box, ...]) -> tuple[Box, ...]:
        """Carry the tracks on to a newer frame (or to one of a clock that was set back)."""
        self._latest_ns = now_ns
        lost = _unmatched(self._tracks, found)
        held = [
            # A clock that was set back must not hold a face until it has caught up.
            Track(track.box, min(track.seen_ns, now_ns), track.missed + 1)
            for track in lost
            if track.missed < self._frames or now_ns - track.seen_ns <= self._hold_ns
        ]
        held = held if len(held) <= MAX_HELD else [_all_in_one(held)]
        self._tracks = [Track(box, now_ns, 0) for box in found] + held
        return found + tuple(self._moved(track, now_ns) for track in held)

    def _moved(self, track: Track, now_ns: int) -> Box:
        seconds = max(0, now_ns - track.seen_ns) / 1e9
        return grow(track.box, min(MAX_GROWTH, seconds * GROWTH_PER_SECOND))

    def _late(self, captured_ns: int, found: tuple[Box, ...]) -> tuple[Box, ...]:
        """Cover all that was covered around this time, and follow what only this frame shows."""
        known = [track.box for track in self._tracks]
        new = [box for box in found if all(overlap(box, other) < SAME_FACE for other in known)]
        self._tracks += [Track(box, captured_ns, 0) for box in new[: max(0, MAX_HELD - len(known))]]
        reach = self._reach()
        near = {box for when, boxes in self._covered if abs(when - captured_ns) <= reach for box in boxes}
        return found + tuple(near)

    def _reach(self) -> int:
        """How far in time a late frame looks for what was covered; at least one frame each way."""
        times = sorted(when for when, _ in self._covered)
        gaps = [after - before for before, after in pairwise(times)]
        longest = max((gap for gap in gaps if gap < CLOCK_JUMP_NS), default=0)
        return max(self._hold_ns, longest * max(1, self._frames))


@final
class Holds:
    """One `Hold` a run of a camera; the oldest are forgotten beyond a bound."""

    def __init__(self, frames: int, seconds: float) -> None:
        self._frames = frames
        self._seconds = seconds
        self._holds: OrderedDict[tuple[str, int], Hold] = OrderedDict()

    def of(self, camera: str, run: int) -> Hold:
        """Give the hold of this run."""
        key = (camera, run)
        hold = self._holds.pop(key, None) or Hold(self._frames, self._seconds)
        self._holds[key] = hold
        if len(self._holds) > STREAMS:
            self._holds.popitem(last=False)
        return hold


def _unmatched(tracks: list[Track], found: tuple[Box, ...]) -> list[Track]:
    """Give the tracks that no new box continues; each box continues one track at most."""
    pairs = sorted(
        ((overlap(track.box, box), i, j) for i, track in enumerate(tracks) for j, box in enumerate(found)),
        reverse=True,
    )
    continued: set[int] = set()
    taken: set[int] = set()
    for share, i, j in pairs:
        if share < SAME_FACE:
            break
        if i not in continued and j not in taken:
            continued.add(i)
            taken.add(j)
    return [track for i, track in enumerate(tracks) if i not in continued]


def _all_in_one(tracks: list[Track]) -> Track:
    """Give one track whose box covers all of these."""
    left, top = min(t.box.x for t in tracks), min(t.box.y for t in tracks)
    right = max(t.box.x + t.box.width for t in tracks)
    bottom = max(t.box.y + t.box.height for t in tracks)
    box = Box(left, top, right - left, bottom - top)
    return Track(box, max(t.seen_ns for t in tracks), min(t.missed for t in tracks))
