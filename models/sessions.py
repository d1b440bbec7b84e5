"""ONNX Runtime sessions that keep a node small: one thread pool of a set size, no arena, no spinning."""

from typing import Any, Final, final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.errors import DamagedBundle, RuntimeFailed, UnsafeArchive

_ERRORS_ONLY: Final = 3
# Names the file of weights kept outside the model. The text is refused wherever it stands, since a model
# could otherwise make the inference library open any file of this machine.
_OUTSIDE: Final = b"location"


@final
class Session:
    """One network of one input and one output: float32 in, float32 out, first dimension free."""

    def __init__(
        self, model: bytes, where: str, takes: tuple[int, ...], gives: tuple[int, ...], *, threads: int = 1
    ) -> None:
        """Load `model` and check it against the shapes of one item.

        Raises:
            UnsafeArchive: the model wants to read another file.
            DamagedBundle: its input or output is not float32 of [n, *takes] and [n, *gives].
            RuntimeFailed: ONNX Runtime does not load it.
        """
        if _OUTSIDE in model:
            raise UnsafeArchive(f"{where}: keeps weights in another file; a bundle's networks stand alone")
        self._where = where
        try:
            self._session = onnxruntime.InferenceSession(
                model, sess_options=session_options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the library's own classes have no root
            raise RuntimeFailed(f"{where}: ONNX Runtime does not load it: {first_line(error)}") from error
        self._input = _only(self._session.get_inputs(), where, "input", takes)
        self._output = _only(self._session.get_outputs(), where, "output", gives)
        self._gives = gives

    @property
    def notes(self) -> dict[str, str]:
        """What the file says about itself beside its graph, by key."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the network's answer to float32 [n, *takes] as float32 [n, *gives]; n may be 0.

        Raises:
            RuntimeFailed: ONNX Runtime fails, or answers another shape.
        """
        if len(batch) == 0:
            return np.zeros((0, *self._gives), np.float32)
        try:
            (answer,) = self._session.run([self._output], {self._input: np.ascontiguousarray(batch)})
        except Exception as error:
            raise RuntimeFailed(
                f"{self._where}: ONNX Runtime does not run it: {first_line(error)}"
            ) from error
        numbers = np.asarray(answer, np.float32)
        if numbers.shape != (len(batch), *self._gives):
            raise RuntimeFailed(f"{self._where}: answered shape {numbers.shape} to {len(batch)} items")
        return numbers


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """Say how a network runs in a node; see the module."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = _ERRORS_ONLY
    # Waiting threads sleep: the cores belong to detection and decoding as well.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _only(ends: list[Any], where: str, what: str, shape: tuple[int, ...]) -> str:
    if len(ends) != 1:
        raise DamagedBundle(f"{where}: has {len(ends)} {what}s, not one")
    found = tuple(ends[0].shape)
    if ends[0].type != "tensor(float)" or isinstance(found[0], int) or found[1:] != shape:
        raise DamagedBundle(
            f"{where}: its {what} is {ends[0].type} {list(found)}, not float [n, {list(shape)}]"
        )
    return str(ends[0].name)


def first_line(error: Exception) -> str:
    """Shorten what the library says to its first line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
