"""A fresh process that loads one network, answers, and says what that took: `python -m` this module.

Reads a `Task` as JSON from standard input, and writes a `Taken` to standard output.
"""

import time

BEGAN = time.perf_counter()
"""As early as a module can look: what follows is part of what a process costs."""

import resource  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Final, Literal  # noqa: E402

import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from feature_node.memory import give_back_freed_memory, keep_small  # noqa: E402
from models.quantise import Floats  # noqa: E402

_RUNS: Final = 50
_KIB: Final = 1024

Engine = Literal["onnxruntime", "torch"]
Answer = Callable[[Floats], object]


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to load and how.

    Attributes:
        engine: What runs it.
        model: The network's ONNX file.
        takes: Channels, height and width of its input.
        gives: The shape of its output.
        warm: A trivial ONNX file that is run first, so that only the network's own cost is left; None: none.
    """

    engine: Engine
    model: str
    takes: tuple[int, int, int]
    gives: tuple[int, ...]
    warm: str | None


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one process took; memory and loading are from the warm start on where there was one."""

    load_seconds: float
    resident_mib: float
    milliseconds_a_region: float


def take(task: Task) -> Taken:
    """Load the network in this process, answer single regions and look at clock and memory."""
    keep_small()
    load = _load_torch if task.engine == "torch" else _load_onnxruntime
    picture = np.random.default_rng(0).normal(size=(1, *task.takes)).astype(np.float32)
    began, before = BEGAN, 0.0
    if task.warm is not None:
        load(Path(task.warm), task.takes, (2,))(picture)
        give_back_freed_memory()
        began, before = time.perf_counter(), resident_mib()
    answer = load(Path(task.model), task.takes, task.gives)
    answer(picture)
    loaded = time.perf_counter() - began
    milliseconds = 1000 * statistics.median(_timed(answer, picture) for _ in range(_RUNS))
    give_back_freed_memory()
    return Taken(loaded, max(0.0, resident_mib() - before), milliseconds)


def resident_mib() -> float:
    """Memory of this process that is in RAM, in MiB; where the system does not tell, the most there was."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (_KIB if sys.platform == "linux" else _KIB * _KIB)
    return pages * resource.getpagesize() / (_KIB * _KIB)


def _timed(answer: Answer, picture: Floats) -> float:
    began = time.perf_counter()
    answer(picture)
    return time.perf_counter() - began


def _load_onnxruntime(model: Path, takes: tuple[int, ...], gives: tuple[int, ...]) -> Answer:
    from models.sessions import Session  # noqa: PLC0415 - importing it is a part of what is measured

    return Session(model.read_bytes(), model.name, takes, gives).run


def _load_torch(model: Path, takes: tuple[int, ...], gives: tuple[int, ...]) -> Answer:  # noqa: ARG001
    import torch  # noqa: PLC0415 - importing it is a part of what is measured

    from privacy_lab.networks.onnx_front import torch_front  # noqa: PLC0415 - imports torch

    torch.set_num_threads(1)
    network = torch_front(model.read_bytes()).eval()

    def answer(picture: Floats) -> object:
        with torch.inference_mode():
            return network(torch.from_numpy(picture))

    return answer


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    sys.stdout.buffer.write(msgspec.json.encode(take(asked)))
