"""YuNet (Wu et al. 2023), from a user's ONNX file, run by OpenCV."""

import threading
from pathlib import Path
from typing import Any, Final, final

from feature_node.box import Box
from feature_node.detector import WORKING_SIZE, working_size
from feature_node.errors import BadSettings, DetectorError
from feature_node.picture import Picture

THRESHOLD: Final = 0.5
MAX_OVERLAP: Final = 0.3
MAX_FACES: Final = 512


@final
class YuNet:
    """A `Detector` over `cv2.FaceDetectorYN`; one picture at a time."""

    def __init__(
        self, path: Path, *, size: tuple[int, int] = WORKING_SIZE, threshold: float = THRESHOLD
    ) -> None:
        """Load the network.

        Raises:
            BadSettings: The file is not there, or is not a YuNet.
        """
        import cv2  # noqa: PLC0415 - see feature_node.picture

        if not path.is_file():
            raise BadSettings(
                f"the detector {path} is not there. Give the path of a YuNet ONNX file, or centerface."
            )
        try:
            network = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), score_threshold=threshold, nms_threshold=MAX_OVERLAP,
                top_k=MAX_FACES + 1,
            )  # fmt: skip
        except cv2.error as error:
            raise BadSettings(f"{path}: OpenCV does not load it as a YuNet detector") from error
        self._network: Any = network
        self._size = size
        self._turn = threading.Lock()

    def detect(self, picture: Picture) -> tuple[Box, ...]:
        """See `Detector`."""
        import cv2  # noqa: PLC0415 - see feature_node.picture

        height, width = picture.shape[:2]
        size = working_size(width, height, self._size)
        try:
            with self._turn:
                self._network.setInputSize(size)
                _, faces = self._network.detect(cv2.resize(picture, size))
        except cv2.error as error:
            raise DetectorError("YuNet did not run") from error
        rows = [] if faces is None else faces[:, (0, 1, 2, 3, 14)].tolist()
        if len(rows) > MAX_FACES:
            raise DetectorError(f"more than {MAX_FACES} faces")
        x, y = width / size[0], height / size[1]
        return tuple(Box(row[0] * x, row[1] * y, row[2] * x, row[3] * y, row[4]) for row in rows)
