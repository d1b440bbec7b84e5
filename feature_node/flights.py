"""Features that wait for their result: a bounded table that maps the pseudonym back to the frame."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal, final

import msgspec

from broker.features import Protection
from broker.results import Result
from feature_node.box import PixelBox
from feature_node.intake import FrameKey, Item, key_of
from monitoring.metrics import IN_FLIGHT
from monitoring.traces import NO_SPAN, Span

StreamKey = tuple[str, int, int]
Mismatch = Literal["unexpected-result", "foreign-result"]


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    """One frame whose numbers crossed.

    Attributes:
        stream: The pseudonym.
        bundle: As in the features.
        started_ns: When its computing began, by the edge's clock.
        sent_ns: As in the features.
        boxes: The regions, in pixels of the frame; one for a picture.
        bytes_cloud: Length of the features' message.
        protection: As in the features.
        picture: Whether a censored picture crossed: an analyzer may then have nothing to say.
        crossing: The part of the frame's trace that its result ends.
    """

    stream: str
    bundle: str
    started_ns: int
    sent_ns: int
    boxes: tuple[PixelBox, ...]
    bytes_cloud: int
    protection: Protection
    picture: bool = False
    crossing: Span = NO_SPAN


class FrameFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a frame once its picture is gone."""

    camera: str
    run: int
    sequence: int
    captured_ns: int
    received_ns: int
    bytes_private: int
    bytes_as_jpeg: int
    waits: bool
    span: Span = NO_SPAN

    @property
    def key(self) -> FrameKey:
        """Say which frame it is."""
        return (self.camera, self.run, self.sequence)


def facts_of(item: Item) -> FrameFacts:
    """Keep what an answer needs."""
    frame = item.frame
    return FrameFacts(
        camera=frame.camera,
        run=frame.run,
        sequence=frame.sequence,
        captured_ns=frame.captured_ns,
        received_ns=item.received_ns,
        bytes_private=item.size,
        bytes_as_jpeg=len(frame.jpeg),
        waits=frame.flow == "wait",
        span=item.span,
    )


@final
class _Open(msgspec.Struct):
    facts: FrameFacts
    flight: Flight | None = None
    deadline: float = 0.0


@final
class Flights:
    """Frames from the moment they are worked on until they are answered, at most so many a camera."""

    def __init__(self, per_camera: int, timeout: float, freed: Callable[[], None]) -> None:
        """Bound the frames of each camera; `freed` is told whenever a place is free again."""
        self._freed = freed
        self._per_camera = per_camera
        self._timeout: Final = timeout
        self._open: dict[FrameKey, _Open] = {}
        self._streams: dict[StreamKey, FrameKey] = {}
        self._counts: Counter[str] = Counter()

    def has_room(self, camera: str) -> bool:
        """Say whether one more frame of this camera may be worked on."""
        return self._counts[camera] < self._per_camera

    def __contains__(self, key: object) -> bool:
        return key in self._open

    def __len__(self) -> int:
        return len(self._open)

    def count(self, camera: str) -> int:
        """Frames of this camera that are worked on or unanswered."""
        return self._counts[camera]

    def begin(self, item: Item) -> None:
        """Take a place for a frame."""
        self._open[key_of(item.frame)] = _Open(facts_of(item))
        self._counts[item.frame.camera] += 1
        IN_FLIGHT.labels(item.frame.camera).set(self._counts[item.frame.camera])

    def expect(self, key: FrameKey, flight: Flight) -> None:
        """Expect a result from now on; called before the features are sent, since it may be quick."""
        entry = self._open[key]
        entry.flight = flight
        entry.deadline = time.monotonic() + self._timeout
        self._streams[(flight.stream, key[1], key[2])] = key

    def end(self, key: FrameKey) -> FrameFacts | None:
        """Free the place; None where it was free already."""
        entry = self._open.pop(key, None)
        if entry is None:
            return None
        if entry.flight is not None:
            self._streams.pop((entry.flight.stream, key[1], key[2]), None)
            entry.flight.crossing.end("unanswered", failed=True)
        camera = entry.facts.camera
        self._counts[camera] -= 1
        IN_FLIGHT.labels(camera).set(self._counts[camera])
        if not self._counts[camera]:
            del self._counts[camera]
        self._freed()
        return entry.facts

    def land(self, result: Result) -> tuple[FrameFacts, Flight] | Mismatch:
        """Match a result with what was sent and free the place, or say why it answers nothing here."""
        key = self._streams.get((result.stream, result.run, result.sequence))
        flight = self._open[key].flight if key is not None else None
        if key is None or flight is None:
            return "unexpected-result"
        facts = self._open[key].facts
        echoes = (result.bundle, result.sent_ns, result.captured_ns)
        complete = len(result.regions) == len(flight.boxes) or result.refused != ""
        complete = complete or (flight.picture and not result.regions)
        if echoes != (flight.bundle, flight.sent_ns, facts.captured_ns) or not complete:
            return "foreign-result"
        outcome, failed = result.refused or "answered", bool(result.refused)
        flight.crossing.end(outcome, failed=failed, regions=len(result.regions), cached=result.cached)
        self.end(key)
        return facts, flight

    def overdue(self) -> list[FrameFacts]:
        """Free the places of what was not answered in time, and say what that was."""
        now = time.monotonic()
        late = [key for key, entry in self._open.items() if entry.flight and entry.deadline <= now]
        return [facts for facts in map(self.end, late) if facts is not None]
