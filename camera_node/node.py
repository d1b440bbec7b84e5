"""A camera node: every camera with a link of its own, none in another's way."""

import asyncio
import secrets
from collections.abc import Mapping

from broker.address import BrokerAddress
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.presence import Presence
from broker.private_topics import ANSWERS, CAMERA_STATUS, FRAMES
from broker.topic import Private
from camera_node.board import StatusBoard
from camera_node.camera import Camera
from camera_node.settings import CameraSettings, CameraSpec
from monitoring.links import LinkMetrics
from monitoring.traces import NO_TRACES, Traces


def private_link(node: BrokerAddress | None, spec: CameraSpec, board: StatusBoard) -> Link[Private]:
    """Make a camera's link to the private broker, with its own account and its own last will."""
    address = spec.broker or node
    assert address is not None  # noqa: S101 - `CameraSettings` has checked
    return mqtt_link(
        Private,
        address,
        client_id=f"camera-{spec.name}-{secrets.token_hex(4)}",
        presence=Presence(CAMERA_STATUS, board.offline(), board.now, farewell=board.farewell),
        observer=LinkMetrics("private"),
        receive_maximum=spec.window,
    )


async def run_cameras(
    settings: CameraSettings,
    boards: Mapping[str, StatusBoard],
    links: Mapping[str, Link[Private]],
    traces: Traces = NO_TRACES,
) -> None:
    """Run every camera until all have ended or failed; cancelling it takes leave of the broker."""
    async with asyncio.TaskGroup() as group:
        for spec in settings.cameras:
            work = run_camera(spec, boards[spec.name], links[spec.name], traces)
            group.create_task(work, name=f"camera {spec.name}")


async def run_camera(
    spec: CameraSpec, board: StatusBoard, link: Link[Private], traces: Traces = NO_TRACES
) -> None:
    """Run one camera over a link of its own, and say all the while how it is."""
    answers = None if spec.live else link.subscriber(ANSWERS, only=spec.name, capacity=4 * spec.window)
    async with link, asyncio.TaskGroup() as group:
        watching = (
            group.create_task(board.keep_watching(), name=f"watch {spec.name}"),
            group.create_task(board.keep_publishing(link.publisher(CAMERA_STATUS)), name=f"say {spec.name}"),
        )
        await Camera(spec, board, link.publisher(FRAMES), answers, traces=traces).run()
        for task in watching:
            task.cancel()


def failures(boards: Mapping[str, StatusBoard]) -> str:
    """Say which cameras failed and why; empty if none did."""
    failed = {name: board.now().detail for name, board in boards.items() if board.state == "failed"}
    return "\n".join(f"camera {name}: {why}" for name, why in failed.items())
