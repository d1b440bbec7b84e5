"""From pictures to frames: name, run, sequence, and the time that counts."""

import time
from typing import final

from broker.frames import Clock, Flow, Frame
from broker.identity import new_run
from camera_node.source import Picture
from monitoring.traces import NO_TRACES, Span, Traces


@final
class Framer:
    """Numbers the pictures of one run of a camera.

    Args:
        camera: The camera's name.
        flow: `wait` for a file, `newest` for a live source.
        clock: Whether the host's clock follows a reference.
        traces: Begins a trace for each frame.
    """

    def __init__(self, camera: str, flow: Flow, clock: Clock, traces: Traces = NO_TRACES) -> None:
        self.camera = camera
        self.run = new_run()
        self._flow = flow
        self._clock = clock
        self._traces = traces
        self._sequence = 0

    def trace(self, picture: Picture) -> Span:
        """Begin the trace of the next frame."""
        start_ns = picture.captured_ns if self._flow == "newest" else None
        return self._traces.begin("capture", start_ns=start_ns, kind="producer", camera=self.camera)

    def trace_again(self, frame: Frame) -> Span:
        """Begin another attempt to send a frame, in the trace of the first."""
        parent = frame.traceparent
        return self._traces.begin("send again", parent=parent, kind="producer", camera=self.camera)

    def frame(self, picture: Picture, traceparent: str = "") -> Frame:
        """Make the next frame.

        A file's picture counts as captured now, when the replay shows it: before that it has waited only for
        the replay's own window, which is not the pipeline's latency.
        """
        captured_ns = picture.captured_ns if self._flow == "newest" else time.time_ns()
        sequence, self._sequence = self._sequence, self._sequence + 1
        return Frame(
            camera=self.camera,
            run=self.run,
            sequence=sequence,
            captured_ns=captured_ns,
            clock=self._clock,
            flow=self._flow,
            width=picture.width,
            height=picture.height,
            jpeg=picture.jpeg,
            traceparent=traceparent,
        )
