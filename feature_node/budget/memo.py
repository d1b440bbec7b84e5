"""What was released of each region, so that the same value can be sent again instead of a new draw.

Noise that is drawn anew for every frame of a still scene averages out; a value that is repeated says
nothing that it has not said before. *That* it is repeated depends on the scene, unless the rate alone
decides (`fresh_every`).
"""

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, final

import numpy as np

from feature_node.box import Box, PixelBox, overlap
from feature_node.release.mechanism import Cost, Numbers

SAME_REGION: Final = 0.5
"""A region continues the remembered one that it overlaps most, by at least this (intersection over union)."""
UNSEEN_SECONDS: Final = 60.0
MAX_BYTES: Final = 64 * 2**20
"""Of numbers and payloads that are remembered; over it those seen the longest ago are forgotten."""


class Release(NamedTuple):
    """A payload that may be sent, and what it cost when it was drawn."""

    payload: bytes
    cost: Cost


class Look(NamedTuple):
    """What is remembered of a region: which entry it continues, and what to send again; None: draw afresh."""

    entry: int | None = None
    release: Release | None = None


class _Entry(NamedTuple):
    camera: str
    run: int
    box: Box
    clean: Numbers
    release: Release
    drawn: float
    seen: float

    @property
    def size(self) -> int:
        return int(self.clean.nbytes) + len(self.release.payload)


@final
class Memo:
    """Remembers the last release of each region of each camera; `clock` gives seconds and never goes back."""

    def __init__(
        self,
        *,
        unchanged_within: float | None,
        fresh_every: float = 0.0,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Repeat while the numbers are within this share of those released; None: by rate alone."""
        self._within = unchanged_within
        self._fresh_every = fresh_every
        self._bytes_left = max_bytes
        self._clock = clock
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._cameras: dict[str, set[int]] = {}
        self._ids = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def look(self, camera: str, run: int, boxes: Sequence[PixelBox], numbers: Numbers) -> tuple[Look, ...]:
        """Say of each region whether its last release is to be sent again.

        Args:
            camera: The camera.
            run: Its run; the rate limit ends with it, for another run may show something else.
            boxes: The n regions, in pixels of the frame.
            numbers: float32 [n, …], before any noise.
        """
        self._forget_unseen()
        now = self._clock()
        looks = []
        for i, entry in enumerate(self._continued(camera, boxes)):
            known = None if entry is None else self._entries[entry]
            if entry is None or known is None or not self._repeats(known, run, numbers[i], now):
                looks.append(Look(entry))
                continue
            self._entries[entry] = known._replace(box=Box(*boxes[i]), seen=now)
            self._entries.move_to_end(entry)
            looks.append(Look(entry, known.release))
        return tuple(looks)

    def keep(
        self, camera: str, run: int, *, box: PixelBox, clean: Numbers, release: Release, instead: int | None
    ) -> None:
        """Remember a fresh release of a region, in the place of the entry that `look` named."""
        if instead is not None and instead in self._entries:
            self._forget(instead)
        now = self._clock()
        entry = _Entry(camera, run, Box(*box), np.array(clean, np.float32), release, now, now)
        number = next(self._ids)
        self._entries[number] = entry
        self._cameras.setdefault(camera, set()).add(number)
        self._bytes_left -= entry.size
        while self._bytes_left < 0 and self._entries:
            self._forget(next(iter(self._entries)))

    def _repeats(self, known: _Entry, run: int, numbers: Numbers, now: float) -> bool:
        if known.clean.shape != numbers.shape:
            return False
        if known.run == run and now - known.drawn < self._fresh_every:
            return True
        return self._within is not None and is_within(numbers, known.clean, self._within)

    def _continued(self, camera: str, boxes: Sequence[PixelBox]) -> list[int | None]:
        """Give for each box the entry that it continues; each entry is continued once at most."""
        entries = self._cameras.get(camera, set())
        pairs = sorted(
            (
                (overlap(self._entries[entry].box, Box(*box)), entry, i)
                for entry in entries
                for i, box in enumerate(boxes)
            ),
            reverse=True,
        )
        found: list[int | None] = [None] * len(boxes)
        taken: set[int] = set()
        for share, entry, i in pairs:
            if share < SAME_REGION:
                break
            if found[i] is None and entry not in taken:
                found[i] = entry
                taken.add(entry)
        return found

    def _forget_unseen(self) -> None:
        latest = self._clock() - UNSEEN_SECONDS
        while self._entries:
            entry = next(iter(self._entries))
            if self._entries[entry].seen > latest:
                return
            self._forget(entry)

    def _forget(self, number: int) -> None:
        entry = self._entries.pop(number)
        self._bytes_left += entry.size
        self._cameras[entry.camera].discard(number)
        if not self._cameras[entry.camera]:
            del self._cameras[entry.camera]


def is_within(numbers: Numbers, released: Numbers, share: float) -> bool:
    """Say whether the distance (L2) of the numbers to the released ones is at most a share of their norm."""
    before = released.astype(np.float64)
    distance = float(np.linalg.norm(numbers.astype(np.float64) - before))
    return distance <= share * float(np.linalg.norm(before))
