"""Cuts a network in a child process, so that the `onnx` package never loads in the edge node."""

import os
import subprocess
import sys
from typing import Final

from feature_node.distributed.cut import Cut, decode_cut
from feature_node.errors import BadSettings

_CUT_SECONDS: Final = 60.0


def load_cut(model: bytes, where: str, keep_first: int = 0) -> Cut:
    """Cut an extractor's ONNX file.

    Args:
        model: The file.
        where: Says to people which one it is.
        keep_first: Layers that the source keeps, of those that would be handed out.

    Raises:
        BadSettings: It cannot be cut; the text says why.
    """
    command = [sys.executable, "-P", "-m", "feature_node.distributed.graph", str(keep_first)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=model, capture_output=True, timeout=_CUT_SECONDS, check=False, env=environment
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BadSettings(f"{where}: cannot be cut ({type(error).__name__}).") from error
    if done.returncode != 0:
        why = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise BadSettings(
            f"{where}: cannot be spread over helpers: {why[:300]}. Set edge.extractor to bundle, or "
            "choose a bundle whose extractor has convolutions between its first and its last layer."
        )
    return decode_cut(done.stdout)
