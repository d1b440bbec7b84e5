"""Catches what FFmpeg and OpenCV write to standard error: no output, but failures' reasons are in it."""

import ctypes
import os
import re
import threading
from collections import deque
from typing import Final, final

from monitoring.masking import mask_text

# FFmpeg by itself writes its errors, and nothing less, to standard error at once; told a level, OpenCV
# prints for it to standard output, later. What an HTTP camera answered is only a warning (24) to FFmpeg.
ENVIRONMENT: Final = {"OPENCV_LOG_LEVEL": "SILENT"}
WITH_WARNINGS: Final = {"OPENCV_FFMPEG_LOGLEVEL": "24"}
_KEPT_LINES: Final = 12
_LONGEST_LINE: Final = 200
_MARK: Final = b"\x1e\n"
_NOISE: Final = re.compile(r"^(\[[^\]]*\]\s*)+")


@final
class DecoderLog:
    """Takes over standard error and output of this process; bounded, read by a thread of its own."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._marked = threading.Event()
        self._complaints = 0
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.close(writing)
        threading.Thread(target=self._read, args=(reading,), name="decoder-log", daemon=True).start()

    def complaints(self) -> int:
        """Count the lines so far."""
        self._catch_up()
        return self._complaints

    def reason(self) -> str:
        """Give the last line that says something, without addresses' secrets; empty if there is none."""
        self._catch_up()
        texts = (_NOISE.sub("", line).strip() for line in reversed(self._lines))
        return next((mask_text(text)[:_LONGEST_LINE] for text in texts if text), "")

    def _catch_up(self) -> None:
        ctypes.CDLL(None).fflush(None)
        self._marked.clear()
        os.write(2, _MARK)
        self._marked.wait(timeout=0.5)

    def _read(self, reading: int) -> None:
        with os.fdopen(reading, "rb", buffering=0) as stream:
            rest = b""
            while data := stream.read(65536):
                *lines, rest = (rest + data).split(b"\n")
                rest = rest[-4096:]
                for line in lines:
                    self._take(line + b"\n")

    def _take(self, line: bytes) -> None:
        if line.endswith(_MARK):
            self._marked.set()
        elif line.strip():
            self._complaints += 1
            self._lines.append(line.decode("utf-8", "replace"))
