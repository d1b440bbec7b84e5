"""Reads a camera that is plugged in: `/dev/videoN` by Video4Linux."""

import os
import stat
import time
from pathlib import Path
from typing import Any, final

import cv2
import numpy as np

from camera_node.errors import SourceFailed
from camera_node.reader import Moment, check_dimensions
from camera_node.source import SourceInfo
from camera_node.video_reader import plausible_fps
from camera_node.zones import Pixels


@final
class DeviceReader:
    """A `Reader` of one capture device.

    Args:
        path: Its device file.
        fps: Pictures a second to ask of it; None for its own choice.
        size: (width, height) to ask of it; None for its own choice. It may give another.
    """

    def __init__(self, path: Path, fps: float | None, size: tuple[int, int] | None) -> None:
        self._path = path
        self._fps = fps
        self._size = size
        self._capture: Any = None
        self._opened_at = 0.0

    @property
    def undecodable(self) -> int:
        """Always 0: a device sends pictures whole."""
        return 0

    def open(self) -> SourceInfo:
        """Open the device.

        Raises:
            SourceFailed: It is not there, not ours to read, no camera, or busy; it may be plugged in later.
        """
        _check_device(self._path)
        self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            raise SourceFailed(
                f"{self._path} does not open: busy (another program has it open), or it gives no pictures. "
                "See who has it with: fuser -v " + str(self._path)
            )
        self._ask()
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_dimensions(str(self._path), width, height)
        self._opened_at = time.monotonic()
        return SourceInfo(width, height, plausible_fps(self._capture.get(cv2.CAP_PROP_FPS)), None)

    def advance(self) -> Moment | None:
        """Wait for the next picture.

        Raises:
            SourceFailed: The device is gone.
        """
        if not self._capture.grab():
            raise SourceFailed(f"{self._path} gives no more pictures: unplugged, or it lost its power.")
        return Moment(time.time_ns(), time.monotonic() - self._opened_at)

    def pixels(self) -> Pixels | None:
        """Give the picture stepped to."""
        done, pixels = self._capture.retrieve()
        return np.asarray(pixels, np.uint8) if done else None

    def close(self) -> None:
        """Let go of the device."""
        if self._capture is not None:
            self._capture.release()

    def _ask(self) -> None:
        # Motion JPEG first: raw pictures of a useful size do not fit through USB 2 at a useful rate.
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if self._size is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        if self._fps is not None:
            self._capture.set(cv2.CAP_PROP_FPS, self._fps)


def _check_device(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        present = ", ".join(sorted(str(found) for found in Path("/dev").glob("video*"))) or "none"
        raise SourceFailed(
            f"{path}: there is no such device. Present: {present}. Is it plugged in?"
        ) from None
    except OSError as error:
        raise SourceFailed(f"{path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISCHR(mode):
        raise SourceFailed(f"{path} is not a camera.")
    if not os.access(path, os.R_OK | os.W_OK):
        raise SourceFailed(f"{path}: permission denied. Add this user to the group video and log in again.")
