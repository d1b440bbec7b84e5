"""Child: a camera that sends 100 frames a second until its input closes."""

import asyncio
import struct
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import imagezmq
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.children import own_arguments
from benchmarks.frame_age_task import FRAME_BYTES, FRAMES_A_SECOND, TOPIC, Kind, Task
from broker.address import BrokerAddress
from broker.mqtt import mqtt_link
from broker.private_topics import FRAMES
from broker.topic import Private
from camera_node.framer import Framer
from camera_node.newest import NewestSender
from camera_node.source import Picture
from camera_node.tally import Tally

CAMERA: Final = "camera-1"
_PICTURE: Final = bytes(range(250)) * (FRAME_BYTES // 250)


async def _instants() -> AsyncIterator[int]:
    """Give the time, Unix nanoseconds, whenever a frame is due; never hurry to catch up."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        yield time.time_ns()
        due = max(due + 1 / FRAMES_A_SECOND, loop.time())
        await asyncio.sleep(due - loop.time())


async def _pictures() -> AsyncIterator[Picture]:
    async for now_ns in _instants():
        yield Picture(_PICTURE, 640, 480, now_ns, 0.0)


async def _penumbra(address: BrokerAddress) -> None:
    link = mqtt_link(Private, address, client_id="bench-camera")
    async with link:
        await link.wait_connected(10)
        framer = Framer(CAMERA, "newest", "free")
        await NewestSender(framer, link.publisher(FRAMES), Tally(CAMERA), None).run(_pictures())


def _paho(qos: int) -> Callable[[BrokerAddress], Awaitable[None]]:
    async def send(address: BrokerAddress) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect(address.host, address.port)
        client.loop_start()
        async for now_ns in _instants():
            client.publish(TOPIC, struct.pack("!Q", now_ns) + _PICTURE, qos=qos)

    return send


async def _imagezmq(address: BrokerAddress) -> None:
    sender = imagezmq.ImageSender(connect_to=f"tcp://{address.host}:{address.port}", REQ_REP=False)
    async for now_ns in _instants():
        sender.send_jpg(str(now_ns), _PICTURE)


_SENDERS: Final[dict[Kind, Callable[[BrokerAddress], Awaitable[None]]]] = {
    "penumbra": _penumbra,
    "paho QoS 0": _paho(0),
    "paho QoS 1": _paho(1),
    "imagezmq PUB/SUB": _imagezmq,
}


async def _main() -> None:
    task = own_arguments(Task)
    sending = asyncio.ensure_future(_SENDERS[task.kind](task.address))
    closed = asyncio.ensure_future(asyncio.to_thread(sys.stdin.buffer.read))
    await asyncio.wait({sending, closed}, return_when=asyncio.FIRST_COMPLETED)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_main())
