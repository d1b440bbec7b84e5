"""A feed in memory for the live page: cameras that a test moves, stalls and takes away."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any, final

import cv2
import msgspec
import numpy as np

from monitoring.live.view import CameraView, PartView, Pictures, RegionView, SiteView

NUMBERS = (7.0, -3.0, 0.0, 12.0, -15.0, 4.0, 1.0, -8.0)


def view(camera: str = "front-door", **changes: Any) -> CameraView:
    """A camera that works, with one face answered; `changes` are fields to set otherwise."""
    region = RegionView(
        label="woman", confidence=0.98, numbers=NUMBERS, count=8, largest=15.0, box=(0.3, 0.2, 0.25, 0.5)
    )
    healthy = CameraView(
        camera=camera,
        state="running",
        sequence=1,
        regions=(region,),
        mirror=True,
        ssim=0.36,
        ssim_floor=0.35,
        age_seconds=0.021,
        bytes_sent=1590.0,
        bytes_as_jpeg=1.1e6,
        bytes_home=4.1e6,
        frames_per_second=15.0,
        picture_version=1,
    )
    return msgspec.structs.replace(healthy, **changes)


@cache
def jpeg(shade: int, width: int = 320, height: int = 180) -> bytes:
    """A picture of one grey, which a test can find again in the page."""
    plain = np.full((height, width, 3), shade, np.uint8)
    return bytes(cv2.imencode(".jpg", plain)[1].tobytes())


def shade_of(version: int) -> int:
    """The grey that the house's picture of this version has."""
    return 40 + version * 20 % 200


@final
class MemoryFeed:
    """What a test says there is; counts who asks for it."""

    def __init__(self, *views: CameraView) -> None:
        self.views = {each.camera: each for each in views or (view(),)}
        self.all_parts = [
            PartView(name="edge", side="house", state="ok"),
            PartView(name="analyzer", side="cloud", state="ok"),
        ]
        self.watched = 0
        self.times_opened = 0
        self.pictures_asked = 0
        self.broken = ""
        self._news = asyncio.Event()

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        self.watched += 1
        self.times_opened += 1
        try:
            yield
        finally:
            self.watched -= 1

    def site(self) -> SiteView:
        return SiteView(name="home", bundle="gender-ours", question="man or woman?", version="0.1.0")

    def cameras(self) -> tuple[CameraView, ...]:
        if self.broken == "cameras":
            raise RuntimeError("the feed is broken")
        return tuple(self.views.values())

    def parts(self) -> tuple[PartView, ...]:
        return tuple(self.all_parts)

    async def pictures(self, camera: str) -> Pictures | None:
        self.pictures_asked += 1
        if self.broken == "pictures":
            raise RuntimeError("the feed is broken")
        if camera not in self.views:
            return None
        version = self.views[camera].picture_version
        return Pictures(version=version, house=jpeg(shade_of(version)), cloud=jpeg(122))

    async def changed(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()

    def put(self, camera: str, **changes: Any) -> None:
        """Change a camera, and say so."""
        self.views[camera] = msgspec.structs.replace(self.views[camera], **changes)
        self._news.set()

    def step(self, camera: str, **changes: Any) -> None:
        """Let a camera take its next picture."""
        last = self.views[camera]
        self.put(camera, sequence=last.sequence + 1, picture_version=last.picture_version + 1, **changes)
