"""A frame's way through the edge, one straight line: decode, detect, hold, extract, protect, seal.

Whatever fails on it, nothing of the frame leaves.
"""

import time
from typing import NamedTuple, NoReturn, final

from broker.errors import Refused
from broker.features import Protection
from broker.frames import Frame
from broker.gate import Draft, ReleaseGate, Sealed
from broker.identity import pseudonym
from feature_node.box import Box, PixelBox
from feature_node.detector import Detector
from feature_node.errors import DetectorError, Withheld
from feature_node.extractor import Extractor, Faces
from feature_node.hold import Holds
from feature_node.intake import Item
from feature_node.picture import Picture, decode
from feature_node.protect import Origin, Protect, Protected
from feature_node.threads import Threads
from feature_node.watch import Watch
from monitoring.metrics import DETECTIONS
from monitoring.traces import NO_SPAN, Span

Found = tuple[Box, ...] | int
"""The faces found in a picture; or the capture time of the one it does not differ from."""


class Released(NamedTuple):
    """What may be sent of a frame, and what is remembered of it until its result comes home.

    `crossing` is the part of the frame's trace that ends with the result.
    """

    sealed: Sealed
    bundle: str
    sent_ns: int
    boxes: tuple[PixelBox, ...]
    protection: Protection
    picture: bool
    crossing: Span = NO_SPAN


@final
class Way:
    """Takes a frame as far as the gate. Frames of one camera overlap only before the hold."""

    def __init__(
        self,
        *,
        detector: Detector,
        watch: Watch,
        holds: Holds,
        extractor: Extractor,
        protect: Protect,
        gate: ReleaseGate,
        threads: Threads,
        site: str,
        key: bytes,
    ) -> None:
        self._detector = detector
        self._watch = watch
        self._holds = holds
        self._extractor = extractor
        self._protect = protect
        self._gate = gate
        self._threads = threads
        self._site = site
        self._key = key

    async def release(self, item: Item) -> Released:
        """Make of a frame what may be sent.

        Raises:
            Withheld: Nothing of it may leave; `reason` says why.
        """
        try:
            return await self._release(item)
        except Withheld:
            raise
        except Refused as error:
            raise Withheld(f"gate-{error.reason}", str(error)) from error
        except Exception as error:  # whatever it is: nothing leaves, the node stays, the source is told
            raise Withheld("internal-error", type(error).__name__) from error

    async def _release(self, item: Item) -> Released:
        frame, span = item.frame, item.span
        try:
            with span.around("detect"):
                picture, found = await self._threads.run(self._look, frame)
        finally:
            # Also where this frame fails: the one after it waits for its own turn only.
            await item.turn()
        faces = await self._hold(frame, picture, found)
        with span.around("extract"):
            extraction = await self._extractor.extract(picture, faces)
        origin = Origin(frame.camera, frame.run, frame.captured_ns, (frame.width, frame.height))
        with span.around("protect"):
            protected = self._protect.protect(extraction, origin)
        with span.around("seal"):
            return self._seal(frame, protected, span)

    def _look(self, frame: Frame) -> tuple[Picture, Found]:
        """Decode, and find the faces unless the picture has not changed."""
        picture = decode(frame.jpeg, frame.width, frame.height)
        if not self._extractor.profile.needs_faces:
            return picture, ()
        stream = (frame.camera, frame.run)
        unchanged_since = self._watch.unchanged_since(stream, frame.captured_ns, picture)
        return picture, unchanged_since if unchanged_since is not None else self._detect(picture)

    def _detect(self, picture: Picture) -> tuple[Box, ...]:
        DETECTIONS.labels("looked").inc()
        return self._detector.detect(picture)

    async def _hold(self, frame: Frame, picture: Picture, found: Found) -> Faces:
        """Bring together what is seen in this frame and what was seen before."""
        hold = self._holds.of(frame.camera, frame.run)
        if isinstance(found, int):
            seen = hold.found_at(found)
            if seen is not None:
                DETECTIONS.labels("spared").inc()
                return Faces(seen, hold.carry(frame.captured_ns))
            # The detection that this frame relied on failed, or another came between.
            found = await self._threads.run(self._detect, picture)
        return Faces(found, hold.cover(frame.captured_ns, found))

    def _seal(self, frame: Frame, protected: Protected, span: Span) -> Released:
        now = time.time_ns()
        crossing = span.child("cross", start_ns=now, kind="producer")
        draft = Draft(
            stream=pseudonym(self._key, self._site, frame.camera),
            run=frame.run,
            sequence=frame.sequence,
            captured_ns=frame.captured_ns,
            sent_ns=now,
            bundle=self._extractor.profile.bundle,
            kind=self._extractor.profile.kind,
            regions=protected.regions,
            protection=protected.protection,
            traceparent=crossing.traceparent,
        )
        return Released(
            self._gate.seal(draft),
            draft.bundle,
            now,
            protected.boxes,
            protected.protection,
            draft.kind == "picture",
            crossing,
        )


@final
class NoDetector:
    """A `Detector` for where no faces are needed; refuses to be asked."""

    def detect(self, picture: Picture) -> NoReturn:  # noqa: ARG002
        """See `Detector`."""
        raise DetectorError("this node was set up without a detector")
