"""Brings results home: every frame that the edge takes gets one answer, under the camera's own name."""

import asyncio
import time
from collections import OrderedDict
from typing import Final, final

import msgspec

from broker.answers import Answer, AnswerRegion, Hops, ProtectionSummary
from broker.bounds import MAX_DETAIL
from broker.ends import Publisher, Subscriber
from broker.errors import LinkError
from broker.frames import Frame
from broker.results import Result
from feature_node.clock import ClockOffset
from feature_node.flights import Flight, Flights, FrameFacts
from feature_node.intake import FrameKey, key_of
from feature_node.tally import Tally
from monitoring.metrics import (
    AGE_SECONDS,
    ANSWERS,
    AS_JPEG_BYTES,
    CLOCK_OFFSET_SECONDS,
    CLOUD_BYTES,
    HOP_SECONDS,
    REFUSED_MESSAGES,
    REGIONS,
)
from monitoring.traces import NO_SPAN, Span

KEPT: Final = 256
"""Answers of replaying cameras that are kept, in case one is lost and its frame comes again."""
SWEEP_SECONDS: Final = 0.25


@final
class Home:
    """Matches results with frames and publishes answers on the private side."""

    def __init__(
        self,
        answers: Publisher[Answer],
        flights: Flights,
        tally: Tally,
        tasks: asyncio.TaskGroup,
        *,
        task: str,
    ) -> None:
        self._answers = answers
        self._flights = flights
        self._tally = tally
        self._tasks = tasks
        self._task = task
        self._kept: OrderedDict[FrameKey, Answer] = OrderedDict()
        self._clock = ClockOffset()

    def knows(self, frame: Frame) -> bool:
        """Say whether a frame is worked on (then count it), or answered (then send the answer again)."""
        key = key_of(frame)
        if key in self._flights:
            self._tally.dropped(frame.camera, "duplicate")
            return True
        if key in self._kept and frame.flow == "wait":
            self._tally.dropped(frame.camera, "answered-before")
            self._send(self._kept[key])
            return True
        return False

    async def receive(self, results: Subscriber[Result]) -> None:
        """Deal with results until the link is closed."""
        async for delivery in results:
            self.land(delivery.message, delivery.received_ns)
            delivery.done()

    def land(self, result: Result, home_ns: int) -> None:
        """Answer the frame that a result belongs to; count a result that belongs to none."""
        landed = self._flights.land(result)
        if isinstance(landed, str):
            REFUSED_MESSAGES.labels("penumbra/results", landed).inc()
            return
        facts, flight = landed
        self._clock.add(flight.sent_ns, result.received_ns, result.answered_ns, home_ns)
        CLOCK_OFFSET_SECONDS.labels("analyzer").set(self._clock.seconds or 0.0)
        answer = self._answer(facts, flight, result, home_ns)
        for hop in answer.hops.__struct_fields__:
            HOP_SECONDS.labels(hop).observe(getattr(answer.hops, hop))
        REGIONS.labels(facts.camera).inc(len(flight.boxes))
        CLOUD_BYTES.labels(facts.camera).inc(flight.bytes_cloud)
        self._publish(facts, answer, home_ns, result.traceparent)

    def refuse(self, key: FrameKey, reason: str) -> None:
        """Answer a frame of which nothing leaves, or whose numbers did not arrive."""
        facts = self._flights.end(key)
        if facts is not None:
            now = time.time_ns()
            self._publish(facts, self._refusal(facts, reason, now), now)

    def give_up(self, key: FrameKey, reason: str) -> None:
        """Count a frame that the cloud did not answer; a source that waits will send it again."""
        facts = self._flights.end(key)
        if facts is not None:
            self._lost(facts, reason)

    async def sweep(self) -> None:
        """Free the places of frames that the cloud does not answer; for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for facts in self._flights.overdue():
                self._lost(facts, "cloud-timeout")

    def _lost(self, facts: FrameFacts, reason: str) -> None:
        self._tally.dropped(facts.camera, reason)
        if facts.waits:
            facts.span.end(reason, failed=True)
        else:
            now = time.time_ns()
            self._publish(facts, self._refusal(facts, reason, now), now)

    def _publish(self, facts: FrameFacts, answer: Answer, home_ns: int, after: str = "") -> None:
        home = facts.span.child("home", start_ns=home_ns, kind="producer", after=after)
        if home.traceparent:
            answer = msgspec.structs.replace(answer, traceparent=home.traceparent)
        ANSWERS.labels(facts.camera, answer.outcome).inc()
        AGE_SECONDS.labels(facts.camera).observe(max(0.0, answer.age_seconds))
        AS_JPEG_BYTES.labels(facts.camera).inc(facts.bytes_as_jpeg)
        if facts.waits:
            self._kept[facts.key] = answer
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._send(answer, home, facts.span)

    def _send(self, answer: Answer, home: Span = NO_SPAN, whole: Span = NO_SPAN) -> None:
        self._tasks.create_task(self._deliver(answer, home, whole), name=f"answer {answer.camera}")

    async def _deliver(self, answer: Answer, home: Span, whole: Span) -> None:
        outcome, failed = answer.reason or answer.outcome, answer.outcome == "refused"
        try:
            await self._answers.send(answer)
        except LinkError:
            self._tally.dropped(answer.camera, "answer-undelivered")
            outcome, failed = "answer-undelivered", True
        home.end(outcome, failed=failed)
        whole.end(outcome, failed=failed)

    def _answer(self, facts: FrameFacts, flight: Flight, result: Result, home_ns: int) -> Answer:
        hops = Hops(
            camera_to_edge=_seconds(facts.captured_ns, facts.received_ns),
            edge_queue=_seconds(facts.received_ns, flight.started_ns),
            edge_compute=_seconds(flight.started_ns, flight.sent_ns),
            cloud_round_trip=_seconds(flight.sent_ns, home_ns),
            analyzer=_seconds(result.received_ns, result.answered_ns),
        )
        now = time.time_ns()
        return Answer(
            camera=facts.camera,
            run=facts.run,
            sequence=facts.sequence,
            captured_ns=facts.captured_ns,
            answered_ns=now,
            outcome="refused" if result.refused else "answered",
            reason=f"analyzer-{result.refused}"[:64] if result.refused else "",
            task=self._task[:MAX_DETAIL],
            bundle=flight.bundle,
            regions=tuple(
                AnswerRegion(box, found.label, found.score)
                for box, found in zip(flight.boxes, result.regions, strict=False)
            ),
            bytes_private=facts.bytes_private,
            bytes_cloud=flight.bytes_cloud,
            bytes_as_jpeg=facts.bytes_as_jpeg,
            hops=hops,
            age_seconds=(now - facts.captured_ns) / 1e9,
            protection=ProtectionSummary.of(flight.protection),
        )

    def _refusal(self, facts: FrameFacts, reason: str, now_ns: int) -> Answer:
        return Answer(
            camera=facts.camera,
            run=facts.run,
            sequence=facts.sequence,
            captured_ns=facts.captured_ns,
            answered_ns=now_ns,
            outcome="refused",
            reason=reason,
            task=self._task[:MAX_DETAIL],
            bytes_private=facts.bytes_private,
            bytes_as_jpeg=facts.bytes_as_jpeg,
            hops=Hops(camera_to_edge=_seconds(facts.captured_ns, facts.received_ns)),
            age_seconds=(now_ns - facts.captured_ns) / 1e9,
        )


def _seconds(start_ns: int, end_ns: int) -> float:
    """Give the time between in seconds, never below zero: two hosts' clocks differ."""
    return max(0, end_ns - start_ns) / 1e9
