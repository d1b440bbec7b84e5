"""`penumbra watch`: follow the answers of a pipeline that runs, and how its cameras and edges are."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar, final

from broker.address import BrokerAddress
from broker.answers import Answer, encode_answer
from broker.ends import Subscriber
from broker.identity import check_name
from broker.link import Link
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS, CAMERA_STATUS, NODE_STATUS
from broker.status import CameraStatus, NodeStatus, encode_camera_status, encode_node_status
from broker.topic import Private
from penumbra.errors import RunError
from penumbra.stopping import stop_on_signals
from penumbra.tally import answer_text
from penumbra.units import age_text, bytes_text

CONNECT_SECONDS: Final = 10.0

T = TypeVar("T")
Kind = Literal["answer", "camera", "node"]


@final
@dataclass(frozen=True)
class Wish:
    """What is to be printed, and how.

    Attributes:
        camera: Only this camera; None: all, and with `statuses` the edges too.
        as_json: One JSON object a line.
        statuses: Statuses beside the answers; each JSON object then says its `kind`.
        limit: End after so many answers.
    """

    camera: str | None = None
    as_json: bool = False
    statuses: bool = False
    limit: int | None = None


async def run_watch(address: BrokerAddress, say: Callable[[str], None], wish: Wish) -> None:
    """Print what is wished for until Ctrl-C, or until so many answers were printed.

    Raises:
        BadName: The camera's name is none.
        BadAddress: The password cannot be read.
        Unreachable: The broker is not there, or refuses the account.
        RunError: The broker was there and went away for good.
    """
    if wish.camera is not None:
        check_name("camera", wish.camera)
    address.password()  # a file that is not there will not come by waiting for the broker
    link = mqtt_link(Private, address, client_id=f"watch-{secrets.token_hex(4)}")
    following = _following(link, say, wish)
    with stop_on_signals() as stop:
        async with link:
            tasks: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait(), name="stop")]
            try:
                await link.wait_connected(CONNECT_SECONDS)
                tasks += [asyncio.create_task(each) for each in following]
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                for each in following:
                    each.close()


def _following(
    link: Link[Private], say: Callable[[str], None], wish: Wish
) -> list[Coroutine[Any, Any, None]]:
    only = wish.camera
    answers = link.subscriber(ANSWERS, only=only, capacity=256)
    following = [_follow(answers, lambda answer: say(_shown(answer, wish)), wish.limit)]
    if wish.statuses:
        cameras = link.subscriber(CAMERA_STATUS, only=only, capacity=64)
        following.append(_follow(cameras, lambda status: say(_camera_shown(status, wish))))
    if wish.statuses and only is None:
        nodes = link.subscriber(NODE_STATUS, capacity=64)
        following.append(_follow(nodes, lambda status: say(_node_shown(status, wish))))
    return following


async def _follow(messages: Subscriber[T], show: Callable[[T], None], limit: int | None = None) -> None:
    printed = 0
    async for delivery in messages:
        show(delivery.message)
        delivery.done()
        printed += 1
        if printed == limit:
            return
    raise RunError("The link to the broker is closed.")


def _shown(answer: Answer, wish: Wish) -> str:
    return _json(encode_answer(answer), "answer", wish) if wish.as_json else answer_line(answer)


def _camera_shown(status: CameraStatus, wish: Wish) -> str:
    if wish.as_json:
        return _json(encode_camera_status(status), "camera", wish)
    detail = f": {status.detail}" if status.detail else ""
    return f"camera {status.camera} {status.state}{detail} · {status.fps:.1f} pictures/s"


def _node_shown(status: NodeStatus, wish: Wish) -> str:
    if wish.as_json:
        return _json(encode_node_status(status), "node", wish)
    return f"{status.role} {status.node} {status.state}{f': {status.detail}' if status.detail else ''}"


def _json(data: bytes, kind: Kind, wish: Wish) -> str:
    """The message as it was published; only where several kinds are mixed each says what it is."""
    return f'{{"kind":"{kind}",{data[1:].decode()}' if wish.statuses else data.decode()


def answer_line(answer: Answer) -> str:
    """An answer in one line: when it was captured, whose it is, what it says, how old it was."""
    time = datetime.fromtimestamp(answer.captured_ns / 1e9, UTC).astimezone()
    return (
        f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}  {answer.camera}  {answer_text(answer)}  "
        f"· age {age_text(answer.age_seconds)} · {bytes_text(answer.bytes_cloud)} left"
    )
