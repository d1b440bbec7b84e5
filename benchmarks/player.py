"""Plays a clip's pictures into a site as any number of cameras at one steady total rate."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import cv2

from benchmarks.harness import BenchmarkError
from benchmarks.site import Site
from broker.answers import Answer
from broker.ends import Publisher
from broker.frames import Frame
from broker.mqtt import mqtt_link
from broker.private_topics import FRAMES
from broker.topic import Private
from camera_node.framer import Framer
from camera_node.source import Picture

QUALITY: Final = 90
_CONNECT_SECONDS: Final = 10.0
_LAST_ANSWER_SECONDS: Final = 30.0


def camera_names(count: int) -> list[str]:
    """Name so many cameras."""
    return [f"camera-{number + 1}" for number in range(count)]


def read_clip(path: Path, count: int) -> list[Picture]:
    """Decode so many pictures of a clip, over and over, and compress them as a camera does.

    Raises:
        BenchmarkError: It holds no picture.
    """
    capture = cv2.VideoCapture(str(path))
    pictures: list[Picture] = []
    while len(pictures) < count:
        read, pixels = capture.read()
        if not read:
            break
        height, width = pixels.shape[:2]
        jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        pictures.append(Picture(jpeg, width, height, 0, 0.0))
    capture.release()
    if not pictures:
        raise BenchmarkError(f"{path} holds no picture")
    return [pictures[number % len(pictures)] for number in range(count)]


async def play(
    site: Site, cameras: Sequence[str], pictures: Sequence[Picture], a_second: float
) -> list[Answer]:
    """Send the pictures at a steady rate, the cameras taking turns, and return every answer.

    Raises:
        BenchmarkError: A frame was not answered; at a rate that the edge can follow each is.
    """
    loop = asyncio.get_running_loop()
    limit = len(pictures) / a_second + _LAST_ANSWER_SECONDS
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        ends = [await _open(site, name, stack) for name in cameras]
        answers = tasks.create_task(site.collect(len(pictures), limit), name="answers")
        began = loop.time()
        for number, picture in enumerate(pictures):
            await asyncio.sleep(began + number / a_second - loop.time())
            framer, frames = ends[number % len(ends)]
            tasks.create_task(_send(frames, framer.frame(picture)), name=f"frame {number}")
        return await answers


async def _send(frames: Publisher[Frame], frame: Frame) -> None:
    await frames.send(frame)


async def _open(site: Site, name: str, stack: AsyncExitStack) -> tuple[Framer, Publisher[Frame]]:
    link = mqtt_link(Private, site.camera(name), client_id=f"bench-{name}")
    await stack.enter_async_context(link)
    await link.wait_connected(_CONNECT_SECONDS)
    return Framer(name, "wait", "synchronised"), link.publisher(FRAMES)
