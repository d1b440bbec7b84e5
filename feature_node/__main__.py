import asyncio
import contextlib
import platform
import secrets
import signal
import sys
from importlib.metadata import version
from typing import Final, NamedTuple, NoReturn

from broker.cloud_topics import FEATURES, RESULTS
from broker.errors import BrokerError
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.presence import Presence
from broker.private_topics import ANSWERS, FRAMES, NODE_STATUS
from broker.topic import Cloud, Private
from feature_node.assembly import Assembly, assemble
from feature_node.elsewhere.outlets import Outlets, make_outlets
from feature_node.errors import BadSettings, EdgeError
from feature_node.flights import Flights
from feature_node.home import Home
from feature_node.intake import Intake
from feature_node.live.page import live_page
from feature_node.live.tap import Tap, shown_to
from feature_node.memory import keep_small
from feature_node.node import EdgeNode
from feature_node.sending import Sending
from feature_node.settings import EdgeSettings, decode_settings
from feature_node.shown import show_extractor
from feature_node.status import Status
from feature_node.tally import Tally
from feature_node.telling import Telling
from feature_node.threads import Threads
from models.errors import BundleError
from monitoring.errors import BadTraces, MonitoringError
from monitoring.http import serve
from monitoring.links import LinkMetrics
from monitoring.logs import get_logger, set_up_logs
from monitoring.metrics import QUEUE_CAPACITY, QUEUE_LENGTH, describe_build
from monitoring.traces import Traces, tracing

DRAIN_SECONDS: Final = 3.0
BAD_SETTINGS: Final = 2
_WORD_SECONDS: Final = 2.0
_FRAMES_WAITING: Final = 32
_RESULTS_WAITING: Final = 256


class _Stop(Exception):
    """The node was asked to end."""


class Around(NamedTuple):
    """What counts, traces, passes on and looks at the work, beside doing it."""

    tally: Tally
    traces: Traces
    outlets: Outlets
    tap: Tap


async def serve_edge(settings: EdgeSettings, stop: asyncio.Event) -> None:
    """Run an edge node until `stop` is set; where it cannot do as the site wants, no frame is asked for.

    Raises:
        EdgeError, BrokerError, BundleError, MonitoringError: It cannot start; the text says why.
    """
    tally = Tally()
    status = Status(settings.node, version("penumbra"), tally)
    private, cloud = _links(settings, status)
    outlets = make_outlets(
        settings.home_assistant, settings.webhook, node=settings.node, record=settings.announced_file
    )
    describe_build(version("penumbra"), platform.python_version(), "edge")
    async with (
        Threads(settings.workers + 1) as threads,
        serve(settings.metrics_address, status.health(private, cloud, outlets.checks)) as address,
        tracing(settings.traces, "edge", settings.node) as traces,
        private,
        cloud,
    ):
        get_logger().info("edge node starts", site=settings.site, metrics=address)
        with contextlib.closing(await _assembled(settings, threads, status, private)) as assembly:
            try:
                async with (
                    live_page(settings, assembly, (private, cloud), status) as tap,
                    asyncio.TaskGroup() as tasks,
                    outlets.running(tasks),
                ):
                    # Not sooner: whoever finds this node ready may send to it at once.
                    status.ready(assembly.profile.bundle, cloud, assembly.ledger, assembly.spread)
                    if assembly.spread is not None:
                        assembly.spread.join(private, tasks)
                    tasks.create_task(status.keep_saying(private), name="status")
                    around = Around(tally, traces, outlets, tap)
                    await work(settings, assembly, (private, cloud), around, tasks=tasks, stop=stop)
                    raise _Stop
            except* _Stop:
                get_logger().info("edge node ends")


async def _assembled(
    settings: EdgeSettings, threads: Threads, status: Status, private: Link[Private]
) -> Assembly:
    """Load what computes; where the site does not want it, leave word of that on the private broker."""
    try:
        assembly = await asyncio.to_thread(assemble, settings, threads)
    except BadSettings as why_not:
        status.refused(str(why_not))
        with contextlib.suppress(BrokerError):
            await private.wait_connected(_WORD_SECONDS)
        raise
    show_extractor(settings, assembly.profile)
    return assembly


async def work(
    settings: EdgeSettings,
    assembly: Assembly,
    links: tuple[Link[Private], Link[Cloud]],
    around: Around,
    *,
    tasks: asyncio.TaskGroup,
    stop: asyncio.Event,
) -> None:
    """Let frames in until `stop` is set, then see to those that are under way."""
    private, cloud = links
    tally, tap = around.tally, around.tap
    intake = _intake(settings, around)
    flights = Flights(settings.in_flight, settings.answer_timeout, intake.look_again)
    answers = Telling(private.publisher(ANSWERS), around.outlets.tell, shown_to(tap))
    home = Home(answers, flights, tally, tasks, task=assembly.profile.task)
    sending = Sending(cloud.publisher(FEATURES), flights, home, tasks, tap)
    node = EdgeNode(intake=intake, way=assembly.way, flights=flights, sending=sending, home=home, tally=tally)
    frames = private.subscriber(FRAMES, capacity=_FRAMES_WAITING)
    receiving = node.start(
        tasks, frames, cloud.subscriber(RESULTS, capacity=_RESULTS_WAITING), settings.workers
    )
    await stop.wait()
    receiving.cancel()
    await _drain(intake, flights)


def _intake(settings: EdgeSettings, around: Around) -> Intake:
    intake = Intake(
        around.tally,
        queue=settings.queue,
        queue_bytes=settings.queue_bytes,
        max_cameras=settings.max_cameras,
        max_lag=settings.max_lag,
        traces=around.traces,
    )
    QUEUE_LENGTH.labels("frames").set_function(lambda: len(intake))
    QUEUE_CAPACITY.labels("frames").set(settings.queue)
    return intake


async def _drain(intake: Intake, flights: Flights) -> None:
    """Let what was taken in be answered, within a bound."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await intake.settled(lambda: len(flights) == 0)


def _links(settings: EdgeSettings, status: Status) -> tuple[Link[Private], Link[Cloud]]:
    private = mqtt_link(
        Private,
        settings.private,
        client_id=f"penumbra-edge-{settings.node}-{secrets.token_hex(4)}",
        presence=Presence(NODE_STATUS, status.offline, status.now, lambda: status.offline),
        observer=LinkMetrics("private"),
    )
    # Nothing here may tell the cloud a name of this side.
    cloud = mqtt_link(
        Cloud,
        settings.cloud,
        client_id=f"penumbra-edge-{secrets.token_hex(8)}",
        observer=LinkMetrics("cloud"),
    )
    return private, cloud


async def _until_signalled(settings: EdgeSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve_edge(settings, stop)


def run(settings: EdgeSettings) -> None:
    """Run an edge node in this process until SIGTERM or SIGINT; see `serve_edge` for what it raises."""
    keep_small()
    set_up_logs(settings.node, settings.log_format)
    asyncio.run(_until_signalled(settings))


def _fail(message: object, status: int) -> NoReturn:
    sys.stderr.write(f"penumbra edge: {message}\n")
    raise SystemExit(status)


def main() -> None:
    """Read the settings as JSON from standard input and run."""
    try:
        run(decode_settings(sys.stdin.buffer.read()))
    except (BadSettings, BundleError, BadTraces) as error:
        _fail(error, BAD_SETTINGS)
    except (EdgeError, BrokerError, MonitoringError) as error:
        _fail(error, 1)


if __name__ == "__main__":
    main()
