"""Reads a video file with OpenCV: whatever decodes, upright, with the medium's own timestamps."""

import os
import stat
import time
from pathlib import Path
from typing import Any, Final, final

import cv2
import numpy as np

from camera_node.decoder_log import DecoderLog
from camera_node.errors import BadSource, SourceFailed
from camera_node.reader import Moment, check_dimensions
from camera_node.source import SourceInfo
from camera_node.zones import Pixels

FAILURES_IN_A_ROW: Final = 256
"""After so many undecodable pictures in a row the file counts as ended."""


@final
class VideoReader:
    """A `Reader` of one video file.

    Args:
        path: The file.
        log: Where the decoder's complaints are counted.
    """

    def __init__(self, path: Path, log: DecoderLog) -> None:
        self._path = path
        self._log = log
        self._capture: Any = None
        self._declared = 0
        self._fps = 0.0
        self._delivered = 0
        self._failures = 0
        self._lost_at_end = 0
        self._complaints_before = 0

    @property
    def undecodable(self) -> int:
        """Pictures that failed, and at the end those that the container declares and that never came."""
        return max(self._failures, self._lost_at_end)

    def open(self) -> SourceInfo:
        """Open the file.

        Raises:
            BadSource: It is not there, not ours to read, or no regular file.
            SourceFailed: It holds no pictures that we can decode, or too large ones.
        """
        check_readable(self._path)
        self._complaints_before = self._log.complaints()
        self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceFailed(_no_video(self._path, self._log.reason()))
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_dimensions(f"{self._path}", width, height)
        self._fps = plausible_fps(self._capture.get(cv2.CAP_PROP_FPS))
        self._declared = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        return SourceInfo(width, height, self._fps, self._declared or None)

    def advance(self) -> Moment | None:
        """Step to the next picture that decodes; None at the end."""
        for attempt in range(FAILURES_IN_A_ROW):
            if self._capture.grab():
                self._failures += attempt
                moment = Moment(time.time_ns(), self._position())
                self._delivered += 1
                return moment
        self._note_end()
        return None

    def pixels(self) -> Pixels | None:
        """Give the picture stepped to."""
        done, pixels = self._capture.retrieve()
        if not done:
            return None
        return np.asarray(pixels, np.uint8)

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()

    def _position(self) -> float:
        seconds = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        # Some containers carry no timestamps on some pictures; then the frame rate says when it was.
        if self._delivered and seconds <= 0.0:
            return self._delivered / (self._fps or 25.0)
        return max(seconds, 0.0)

    def _note_end(self) -> None:
        # A container's own count is often an estimate: it is evidence only where the decoder complained.
        if self._log.complaints() > self._complaints_before:
            self._lost_at_end = max(0, self._declared - self._delivered)


def check_readable(path: Path) -> None:
    """Refuse a path that is not there, not ours to read, or neither file nor folder.

    Raises:
        BadSource: It is such a one.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise BadSource(f"{path}: there is no such file. Check the path.") from None
    except OSError as error:
        raise BadSource(f"{path} cannot be read: {error.strerror}. Check its permissions.") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BadSource(f"{path} is neither a file nor a folder.")
    if not os.access(path, os.R_OK):
        raise BadSource(f"{path} cannot be read: permission denied. Let this user read it.")


def plausible_fps(fps: float) -> float:
    """Give a frame rate, or 0 for what some containers declare instead of one."""
    return fps if 0.0 < fps <= 1000.0 else 0.0


def _no_video(path: Path, reason: str) -> str:
    if path.stat().st_size == 0:
        return f"{path} is empty (0 bytes)."
    why = f" The decoder says: {reason}." if reason else ""
    return (
        f"{path} holds no video that can be read: it has no picture stream (audio only?), is damaged, cut "
        f"off before its index, or no video at all.{why} See what it is with: ffprobe {path.name}"
    )
