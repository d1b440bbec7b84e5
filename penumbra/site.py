"""A site that runs: brokers, Redis and parts, started in order, and stopped in reverse order when left."""

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, final

import msgspec

from analyzer_node.embedded_redis import embedded_redis
from broker.cloud_topics import ANALYZER_STATUS
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.plain_json import encode_plain
from broker.status import NodeStatus
from broker.topic import Cloud, Private, Role
from feature_node.errors import BUDGET_SPENT
from monitoring.masking import mask_source
from penumbra.brokers import (
    VIEWER,
    RunningBroker,
    analyzer_names,
    broker_of,
    cloud_accounts,
    helper_names,
    private_accounts,
)
from penumbra.errors import RunError
from penumbra.node_settings import (
    RedisPlace,
    analyzer_settings,
    bundle_name,
    camera_settings,
    edge_settings,
    helper_settings,
    redis_place,
    shading_note,
)
from penumbra.pipeline_schema import Pipeline
from penumbra.processes import Part, PartEvent, Supervisor, python_module, supervise
from penumbra.run_file import RunInfo
from penumbra.scoreboard import Scoreboard, follow

READY_SECONDS: Final = 60.0
_UP: Final = {"online", "degraded"}


@final
@dataclass(frozen=True)
class Site:
    """A running site, seen by the viewer.

    Attributes:
        pipeline: What it runs.
        private: The broker of the side that sees pictures.
        cloud: The broker of the side that does not.
        redis: Where Redis is.
        link: The viewer's link to the private broker.
        board: What it tells.
        analyzers: Each analyzer's status by name; stays empty where the cloud broker runs elsewhere.
        supervisor: Runs the parts.
    """

    pipeline: Pipeline
    private: RunningBroker
    cloud: RunningBroker
    redis: RedisPlace
    link: Link[Private]
    board: Scoreboard
    analyzers: dict[str, NodeStatus]
    supervisor: Supervisor

    @property
    def header(self) -> str:
        """The addresses and what is sent, in one line."""
        edge = self.pipeline.edge
        how = {"shade": ", shaded pictures", "distributed": ", spread over helpers", "bundle": ""}
        sends = f"bundle {bundle_name(edge)}{how[edge.kind]}"
        return (
            f"Penumbra {version('penumbra')} · {sends} · private broker {self.private.place} · "
            f"cloud broker {self.cloud.place} · Redis {self.redis.shown}"
        )

    @property
    def info(self) -> RunInfo:
        """What other commands need to look at this run."""
        cloud = self.cloud.broker.address_for(Role.VIEWER, VIEWER) if self.cloud.here else None
        return RunInfo(
            pid=os.getpid(),
            started_ns=time.time_ns(),
            viewer=self.private.broker.address_for(Role.VIEWER, VIEWER),
            cloud_viewer=cloud,
            redis=self.redis.url,
        )

    @property
    def refusal(self) -> str:
        """Why the edge lets nothing leave, or nothing of some cameras; empty where it lets all of them."""
        edge = self.board.nodes.get(self.pipeline.edge.name)
        if edge is None or edge.state != "refusing":
            return ""
        if BUDGET_SPENT in edge.detail:
            return (
                f"Held back: {edge.detail}. What is unchanged is still answered. edge.budget sets the limits."
            )
        return (
            f"Nothing leaves this machine: {edge.detail}. "
            "Choose another bundle (penumbra bundle list), or change what refuses it under edge."
        )

    @property
    def waiting_for(self) -> str:
        """What is not ready yet, in words; empty once everything is."""
        if self.refusal:
            return ""
        edge = self.board.nodes.get(self.pipeline.edge.name)
        if edge is None or edge.state not in _UP:
            return f"the edge ({edge.state}: {edge.detail})" if edge and edge.detail else "the edge"
        if self.cloud.here and not any(status.state in _UP for status in self.analyzers.values()):
            return "an analyzer"
        return ""

    async def ready(self) -> None:
        """Wait until the edge and an analyzer can answer.

        Raises:
            RunError: They are not within a minute, or the edge lets nothing leave.
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.board.wait_until(lambda: not self.waiting_for)
            if self.refusal:
                raise RunError(self.refusal)
        except TimeoutError:
            raise RunError(
                f"Not ready after {READY_SECONDS:g} s: waiting for {self.waiting_for}. "
                "Run it again with --verbose to see what the parts say."
            ) from None


@asynccontextmanager
async def running_site(
    pipeline: Pipeline,
    observer: Callable[[PartEvent], None],
    on_trouble: Callable[[str], None],
    *,
    cameras: bool,
) -> AsyncIterator[Site]:
    """Start everything that the pipeline does not place elsewhere; `cameras` says whether the cameras too.

    Raises:
        BrokerError, AnalyzerError, CameraError, EdgeError, BundleError: Something cannot be started.
    """
    note = shading_note(pipeline.edge)
    if note:
        on_trouble(note)
    async with AsyncExitStack() as stack:
        private = await stack.enter_async_context(
            broker_of(Private, pipeline.private.broker, private_accounts(pipeline), on_trouble)
        )
        cloud = await stack.enter_async_context(
            broker_of(Cloud, pipeline.cloud.broker, cloud_accounts(pipeline), on_trouble)
        )
        redis = await _redis(pipeline, stack)
        sources = {name: mask_source(camera.source) for name, camera in pipeline.private.cameras.items()}
        board = Scoreboard(sources if cameras else {}, time.monotonic)
        analyzers: dict[str, NodeStatus] = {}
        link = await _look(stack, private, cloud, board, analyzers)
        supervisor = await stack.enter_async_context(supervise(observer))
        for part in parts_of(pipeline, private, cloud, redis, cameras=cameras):
            supervisor.start(part)
        yield Site(pipeline, private, cloud, redis, link, board, analyzers, supervisor)


def parts_of(
    pipeline: Pipeline, private: RunningBroker, cloud: RunningBroker, redis: RedisPlace, *, cameras: bool
) -> list[Part]:
    """The processes to run, those that others wait for first."""
    parts = [
        Part(
            name,
            python_module("analyzer_node"),
            encode_plain(analyzer_settings(pipeline, name, cloud.broker, redis)),
        )
        for name in analyzer_names(pipeline)
    ]
    parts += [
        Part(
            name,
            python_module("feature_node.distributed"),
            encode_plain(helper_settings(name, private.broker)),
        )
        for name in helper_names(pipeline)
    ]
    edge = edge_settings(pipeline, private.broker, cloud.broker)
    if not cameras:  # a replay is of yesterday: nobody elsewhere is told that it happens now
        edge = msgspec.structs.replace(edge, home_assistant=None, webhook=None, live=None)
    parts.append(Part(pipeline.edge.name, python_module("feature_node"), encode_plain(edge)))
    if cameras:
        settings = camera_settings(pipeline, private.broker)
        parts.append(Part("cameras", python_module("camera_node"), encode_plain(settings)))
    return parts


async def _redis(pipeline: Pipeline, stack: AsyncExitStack) -> RedisPlace:
    entry = pipeline.cloud.redis
    if entry is not None:
        return redis_place(entry)
    if not pipeline.cloud.analyzers:
        return RedisPlace("", "none")
    return RedisPlace(await stack.enter_async_context(embedded_redis()), "(embedded)")


async def _look(
    stack: AsyncExitStack,
    private: RunningBroker,
    cloud: RunningBroker,
    board: Scoreboard,
    analyzers: dict[str, NodeStatus],
) -> Link[Private]:
    """Look at both sides as the viewer, for as long as the stack lasts."""
    tasks = await stack.enter_async_context(asyncio.TaskGroup())
    link = mqtt_link(Private, private.broker.address_for(Role.VIEWER, VIEWER), client_id=_client_id())
    following = follow(tasks, link, board)
    if cloud.here:
        far = mqtt_link(Cloud, cloud.broker.address_for(Role.VIEWER, VIEWER), client_id=_client_id())
        following.append(tasks.create_task(_follow_analyzers(far, analyzers, board), name="analyzers"))
        await stack.enter_async_context(far)
    for task in following:
        stack.callback(task.cancel)
    return await stack.enter_async_context(link)


async def _follow_analyzers(link: Link[Cloud], analyzers: dict[str, NodeStatus], board: Scoreboard) -> None:
    async for delivery in link.subscriber(ANALYZER_STATUS, capacity=64):
        analyzers[delivery.message.node] = delivery.message
        delivery.done()
        board.touch()


def _client_id() -> str:
    return f"{VIEWER}-{secrets.token_hex(4)}"
