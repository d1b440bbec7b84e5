"""Reads rtsp:// and http:// cameras with OpenCV's FFmpeg; breaks off with the reason, never for good."""

import time
from typing import Any, final

import cv2
import numpy as np

from camera_node.decoder_log import DecoderLog
from camera_node.errors import SourceFailed
from camera_node.reader import Moment, check_dimensions
from camera_node.source import SourceInfo
from camera_node.video_reader import plausible_fps
from camera_node.zones import Pixels
from monitoring.masking import mask_url


@final
class StreamReader:
    """A `Reader` of one network camera.

    Args:
        url: Its address; shown masked.
        open_timeout: Seconds that opening may take.
        read_timeout: Seconds that one picture may take.
        log: Where FFmpeg's reasons are found.
    """

    def __init__(self, url: str, open_timeout: float, read_timeout: float, log: DecoderLog) -> None:
        self._url = url
        self._shown = mask_url(url)
        self._timeouts = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(open_timeout * 1000),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(read_timeout * 1000),
        ]
        self._log = log
        self._capture: Any = None
        self._opened_at = 0.0

    @property
    def undecodable(self) -> int:
        """Always 0: a decoder conceals what a network lost."""
        return 0

    def open(self) -> SourceInfo:
        """Connect.

        Raises:
            SourceFailed: Nobody answers, the camera refuses, or it sends no pictures or too large ones.
        """
        self._capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, self._timeouts)
        if not self._capture.isOpened():
            reason = self._log.reason() or "no answer, or no pictures"
            raise SourceFailed(
                f"{self._shown} does not open: {reason}. Is it on? Check its address and account."
            )
        width = int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_dimensions(self._shown, width, height)
        self._opened_at = time.monotonic()
        return SourceInfo(width, height, plausible_fps(self._capture.get(cv2.CAP_PROP_FPS)), None)

    def advance(self) -> Moment | None:
        """Wait for the next picture.

        Raises:
            SourceFailed: The stream breaks off: a camera has no end.
        """
        if not self._capture.grab():
            reason = self._log.reason()
            raise SourceFailed(f"{self._shown} broke off{': ' + reason if reason else ''}.")
        return Moment(time.time_ns(), time.monotonic() - self._opened_at)

    def pixels(self) -> Pixels | None:
        """Give the picture stepped to."""
        done, pixels = self._capture.retrieve()
        return np.asarray(pixels, np.uint8) if done else None

    def close(self) -> None:
        """Hang up."""
        if self._capture is not None:
            self._capture.release()
