"""`penumbra replay`: files go through the pipeline frame by frame, and nothing is left unanswered."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, final

from broker.answers import Answer
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, FRAMES
from broker.topic import Private, Role
from camera_node.errors import CameraError
from camera_node.replay import ReplayProgress, ReplaySummary, replay
from camera_node.settings import CameraSpec
from monitoring.logs import set_up_logs
from monitoring.traces import Traces, tracing
from penumbra.brokers import Broker, configured
from penumbra.errors import PartFailed
from penumbra.node_settings import camera_spec, check_policy, check_spread, trace_settings
from penumbra.pipeline_schema import CameraEntry, Pipeline
from penumbra.processes import PartEvent
from penumbra.replay_report import FileReport, Ledger
from penumbra.site import Site, running_site
from penumbra.stoppable import stoppable
from penumbra.stopping import stop_on_signals

CONNECT_SECONDS: Final = 20.0
DRAIN_SECONDS: Final = 15.0
LEDGER_SECONDS: Final = 5.0
"""How long to wait for the edge's next word on its ledger; it speaks every other second."""


class Watcher(Protocol):
    """Is told how a replay goes; must not block."""

    def starting(self, what: str) -> None:
        """What is being waited for before the first file."""
        ...

    def begin(self, file: str) -> None:
        """A file begins."""
        ...

    def progress(self, progress: ReplayProgress) -> None:
        """How far the current file is."""
        ...

    def ended(self) -> None:
        """The current file has ended, with every frame answered."""
        ...

    def failed(self, report: FileReport) -> None:
        """The current file has ended with an error."""
        ...

    def note(self, text: str) -> None:
        """Something happened beside the files."""
        ...


@final
@dataclass(frozen=True)
class Outcome:
    """A replay's end: each file that was begun, how long it took, and whether Ctrl-C cut it short.

    `ledger` is what the edge counts for the replayed cameras, where that edge was started here and counts.
    """

    reports: tuple[FileReport, ...]
    wall_seconds: float
    interrupted: bool
    ledger: Ledger = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether a file could not be replayed as a whole."""
        return any(report.error for report in self.reports)


async def run_replay(
    pipeline: Pipeline,
    watcher: Watcher,
    on_answer: Callable[[Answer], None],
    *,
    log: Callable[[str], None] | None = None,
) -> Outcome:
    """Replay each camera of the pipeline, one after the other.

    Args:
        pipeline: Its cameras are the files. With a private broker, everything else runs there already;
            without one, brokers, Redis, edge and analyzers are started here.
        watcher: Is told how it goes.
        on_answer: Is given every answer, once.
        log: Is given what the parts log.

    Raises:
        PolicyUnmet: The bundle does not prove what the site demands; no file was opened.
        PartFailed: A part refused its settings.
        RunError: The pipeline does not become ready.
    """
    check_policy(pipeline.edge)
    check_spread(pipeline)
    set_up_logs("replay")  # on standard error: the report may be read from standard output
    began = time.monotonic()
    parts = _Parts(watcher, log)
    with stop_on_signals() as stop:
        async with (
            _pipeline(pipeline, watcher, parts) as (broker, site),
            tracing(trace_settings(pipeline.private.traces), "camera") as traces,
        ):
            replayer = _Replayer(broker, watcher, on_answer, stop, traces)
            await parts.unless_refused(replayer.run(pipeline.private.cameras))
            wall_seconds = time.monotonic() - began
            ledger = await _ledger(site, replayer.reports) if site is not None else {}
    return Outcome(tuple(replayer.reports), wall_seconds, stop.is_set(), ledger)


async def _ledger(site: Site, reports: list[FileReport]) -> Ledger:
    """What the edge counts for the replayed cameras, as it says once more after their last answers."""
    if all(report.summary is None or report.summary.charged.epsilon_joint is None for report in reports):
        return {}
    edge = site.pipeline.edge.name
    before = site.board.nodes.get(edge)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LEDGER_SECONDS):
            await site.board.wait_until(lambda: site.board.nodes.get(edge) is not before)
    status = site.board.nodes.get(edge)
    budget = status.budget if status is not None else {}
    return {report.camera: budget[report.camera] for report in reports if report.camera in budget}


@final
class _Parts:
    """Hears what happens to the parts that were started here."""

    def __init__(self, watcher: Watcher, log: Callable[[str], None] | None) -> None:
        self._watcher = watcher
        self._log = log
        self._refused: asyncio.Future[PartEvent] = asyncio.get_running_loop().create_future()

    def __call__(self, event: PartEvent) -> None:
        if event.kind == "log" and self._log is not None:
            self._log(f"[{event.part}] {event.text}")
        elif event.kind == "crashed":
            why = event.text.rstrip(".")
            self._watcher.note(f"{event.part} crashed: {why}. It is started again; the replay goes on.")
        elif event.kind == "refused" and not self._refused.done():
            self._refused.set_result(event)

    async def unless_refused(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, but give it up when a part refuses its settings.

        Raises:
            PartFailed: One did.
        """
        task = asyncio.create_task(work, name="replay")
        try:
            either: set[asyncio.Future[Any]] = {task, self._refused}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                event = self._refused.result()
                raise PartFailed(event.text)
            task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _pipeline(
    pipeline: Pipeline, watcher: Watcher, parts: _Parts
) -> AsyncIterator[tuple[Broker, Site | None]]:
    """The private broker of a pipeline that can answer, and the site where that was started here."""
    if pipeline.private.broker is not None:
        yield configured(pipeline.private.broker), None
        return
    watcher.starting("brokers, Redis, edge and analyzer")
    async with running_site(pipeline, parts, watcher.note, cameras=False) as site:
        await parts.unless_refused(site.ready())
        yield site.private.broker, site


@final
class _Replayer:
    """Replays files one after the other; `reports` grows with each."""

    def __init__(
        self,
        broker: Broker,
        watcher: Watcher,
        on_answer: Callable[[Answer], None],
        stop: asyncio.Event,
        traces: Traces,
    ) -> None:
        self._broker = broker
        self._watcher = watcher
        self._on_answer = on_answer
        self._stop = stop
        self._traces = traces
        self.reports: list[FileReport] = []

    async def run(self, cameras: Mapping[str, CameraEntry]) -> None:
        """Replay each camera's file, until `stop` is set."""
        for name, camera in cameras.items():
            if self._stop.is_set():
                return
            report = await self._one(name, Path(camera.source).name, camera_spec(name, camera, self._broker))
            if report.error:
                self._watcher.failed(report)
            else:
                self._watcher.ended()
            self.reports.append(report)

    async def _one(self, name: str, file: str, spec: CameraSpec) -> FileReport:
        if spec.live:
            error = f"{file}: is not a file. Follow a live source with penumbra up."
            return FileReport(file, name, error=error)
        self._watcher.begin(file)
        try:
            summary = await self._replay(spec)
            return FileReport(file, name, summary, error=summary.failure)
        except CameraError as problem:
            return FileReport(file, name, error=str(problem))
        except TimeoutError:
            late = f"{file}: the last answers did not come within {DRAIN_SECONDS:g} s of Ctrl-C."
            return FileReport(file, name, error=late)

    async def _replay(self, spec: CameraSpec) -> ReplaySummary:
        address = self._broker.address_for(Role.CAMERA, spec.name)
        link = mqtt_link(Private, address, client_id=f"camera-{spec.name}-{secrets.token_hex(4)}")
        answers = link.subscriber(ANSWERS, only=spec.name, capacity=2 * spec.window)
        async with link, _deadline_after(self._stop):
            await link.wait_connected(CONNECT_SECONDS)
            return await replay(
                spec,
                link.publisher(FRAMES),
                answers,
                self._watcher.progress,
                on_answer=self._on_answer,
                open_source=stoppable(self._stop),
                traces=self._traces,
            )


@asynccontextmanager
async def _deadline_after(stop: asyncio.Event) -> AsyncIterator[None]:
    """Raise `TimeoutError` in the block some seconds after `stop`, so that Ctrl-C always ends."""

    async def limit() -> None:
        await stop.wait()
        end.reschedule(asyncio.get_running_loop().time() + DRAIN_SECONDS)

    async with asyncio.timeout(None) as end:
        limiter = asyncio.create_task(limit(), name="limit the drain")
        try:
            yield
        finally:
            limiter.cancel()
