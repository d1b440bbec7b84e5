"""Child: a consumer ten times too slow; prints the age of each frame at the moment it was dealt with."""

import asyncio
import struct
import threading
import time
from collections.abc import Callable
from typing import Final

import imagezmq
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.children import own_arguments, say
from benchmarks.frame_age_task import TOPIC, Kind, Task, age_of, work
from broker.mqtt import mqtt_link
from broker.private_topics import FRAMES
from broker.topic import Private
from feature_node.intake import Intake
from feature_node.tally import Tally
from feature_node.threads import Threads

_QUEUE_BYTES: Final = 64 * 2**20


def _penumbra(task: Task) -> list[float]:
    """Receive as the edge does: its link, its intake, its threads."""
    return asyncio.run(_through_intake(task))


async def _through_intake(task: Task) -> list[float]:
    link = mqtt_link(Private, task.address, client_id="bench-edge")
    intake = Intake(Tally(), queue=32, queue_bytes=_QUEUE_BYTES, max_cameras=4)
    ages: list[float] = []
    async with Threads(1) as threads, asyncio.TaskGroup() as group, link:
        receiving = group.create_task(
            intake.receive(link.subscriber(FRAMES), lambda _: False), name="receive"
        )
        item = await intake.take(lambda _: True)
        end = time.monotonic() + task.seconds
        while time.monotonic() < end:
            await threads.run(work)
            ages.append(age_of(item.frame.captured_ns))
            item = await intake.take(lambda _: True)
        receiving.cancel()
        say(ages)  # with the link still standing: the broker's memory is looked at now
    return ages


def _paho(qos: int) -> Callable[[Task], list[float]]:
    def receive(task: Task) -> list[float]:
        ages: list[float] = []
        enough = threading.Event()
        began: list[float] = []

        def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
            if not began:
                began.append(time.monotonic())
            work()
            ages.append(age_of(struct.unpack_from("!Q", message.payload)[0]))
            if time.monotonic() - began[0] >= task.seconds:
                enough.set()

        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = on_message
        client.connect(task.address.host, task.address.port)
        client.subscribe(TOPIC, qos)
        client.loop_start()
        enough.wait(task.seconds + 30)
        return list(ages)

    return receive


def _imagezmq(task: Task) -> list[float]:
    hub = imagezmq.ImageHub(f"tcp://{task.address.host}:{task.address.port}", REQ_REP=False)
    ages: list[float] = []
    text, _ = hub.recv_jpg()
    end = time.monotonic() + task.seconds
    while time.monotonic() < end:
        work()
        ages.append(age_of(int(text)))
        text, _ = hub.recv_jpg()
    return ages


_RECEIVERS: Final[dict[Kind, Callable[[Task], list[float]]]] = {
    "penumbra": _penumbra,
    "paho QoS 0": _paho(0),
    "paho QoS 1": _paho(1),
    "imagezmq PUB/SUB": _imagezmq,
}


def main() -> None:
    """Receive as told."""
    task = own_arguments(Task)
    say(_RECEIVERS[task.kind](task))


if __name__ == "__main__":
    main()
