"""`penumbra doctor`: which checks apply, all at once, in an order that reads from the camera to the cloud."""

import asyncio
import contextlib
import secrets
from collections.abc import Coroutine
from typing import Any, Final

from broker.address import BrokerAddress
from broker.cloud_topics import ANALYZER_STATUS
from broker.ends import Subscriber
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import NODE_STATUS
from broker.status import NodeStatus
from broker.topic import Cloud, Private, Role
from penumbra.brokers import VIEWER, Broker, ConfiguredBroker
from penumbra.doctor_checks import (
    check_broker,
    check_bundle,
    check_camera,
    check_clock,
    check_embedded_broker,
    check_embedded_redis,
    check_node,
    check_redis,
    check_release,
    check_versions,
)
from penumbra.findings import Finding
from penumbra.node_settings import RedisPlace, bundle_name, camera_spec, redis_place
from penumbra.pipeline_schema import BrokerEntry, Pipeline
from penumbra.plan import Somewhere
from penumbra.run_file import RunInfo

STATUS_SECONDS: Final = 3.0

_Check = Coroutine[Any, Any, Finding | list[Finding]]


async def examine_pipeline(pipeline: Pipeline) -> list[Finding]:
    """Look at everything that a pipeline file names, or would start."""
    private, cloud = _broker(pipeline.private.broker), _broker(pipeline.cloud.broker)
    checks: list[_Check] = [
        check_camera(camera_spec(name, camera, private or Somewhere()))
        for name, camera in pipeline.private.cameras.items()
    ]
    checks += _broker_checks("private broker", private)
    checks.append(asyncio.to_thread(_check_bundle, pipeline))
    checks.append(asyncio.to_thread(check_release, pipeline.edge))
    checks += _broker_checks("cloud broker", cloud)
    checks.append(_check_redis(pipeline))
    if private is not None:
        checks.append(_edges(private.address_for(Role.VIEWER, VIEWER)))
    if cloud is not None:
        checks.append(_analyzers(cloud.address_for(Role.VIEWER, VIEWER)))
    return [check_versions(), check_clock(), *await _all(checks)]


async def examine_run(info: RunInfo) -> list[Finding]:
    """Look at a `penumbra up` that runs on this machine."""
    checks: list[_Check] = [check_broker("private broker", info.viewer), _edges(info.viewer)]
    if info.cloud_viewer is not None:
        checks += [check_broker("cloud broker", info.cloud_viewer), _analyzers(info.cloud_viewer)]
    if info.redis:
        checks.append(check_redis(RedisPlace(info.redis, info.redis)))
    return [check_versions(), check_clock(), *await _all(checks)]


def _broker(entry: BrokerEntry | None) -> Broker | None:
    return None if entry is None else ConfiguredBroker(entry)


def _broker_checks(name: str, broker: Broker | None) -> list[_Check]:
    if broker is None:
        return [check_embedded_broker(name)]
    return [check_broker(name, broker.address_for(Role.VIEWER, VIEWER))]


async def _check_redis(pipeline: Pipeline) -> Finding | list[Finding]:
    place = redis_place(pipeline.cloud.redis)
    return await check_redis(place) if place.url else check_embedded_redis()


def _check_bundle(pipeline: Pipeline) -> Finding:
    edge = pipeline.edge
    return check_bundle(
        bundle_name(edge), extractor=edge.kind != "shade", analyzer=pipeline.cloud.analyzers > 0
    )


async def _edges(address: BrokerAddress) -> list[Finding]:
    link = mqtt_link(Private, address, client_id=_client_id())
    return await _heard(link, link.subscriber(NODE_STATUS, capacity=64), "edge")


async def _analyzers(address: BrokerAddress) -> list[Finding]:
    link = mqtt_link(Cloud, address, client_id=_client_id())
    return await _heard(link, link.subscriber(ANALYZER_STATUS, capacity=64), "analyzer")


async def _heard(link: Link[Any], statuses: Subscriber[NodeStatus], role: str) -> list[Finding]:
    """What the nodes of a side say of themselves; nothing where the broker cannot be asked."""
    heard: dict[str, NodeStatus] = {}
    async with link:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STATUS_SECONDS):
                async for delivery in statuses:
                    heard[delivery.message.node] = delivery.message
                    delivery.done()
        if not link.connected:
            return []
    if not heard:
        remedy = f"Start one: penumbra {role} -c FILE, or all at once with penumbra up."
        return [Finding("warn", role, "none has ever said anything on this broker", remedy)]
    return [check_node(status) for _, status in sorted(heard.items())]


async def _all(checks: list[_Check]) -> list[Finding]:
    """Do all checks at once; their findings in the order given."""
    found = await asyncio.gather(*checks)
    return [finding for group in found for finding in (group if isinstance(group, list) else [group])]


def _client_id() -> str:
    return f"doctor-{secrets.token_hex(4)}"
