"""Halves of a trained network as ONNX files that answer as the network does."""

import tempfile
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from torch import nn

from models.errors import BundleError
from models.sessions import Session
from privacy_lab.errors import ExportFailed

# An old operator set that has all we use: a bundle should load in old runtimes too.
_OPSET: Final = 17
# Largest difference allowed between torch and ONNX Runtime: both sum float32, but in another order.
_TOLERANCE: Final = 1e-3


def export_half(half: nn.Module, takes: tuple[int, ...], gives: tuple[int, ...], where: str) -> bytes:
    """Give the half as ONNX bytes: float32 [n, *takes] in, [n, *gives] out, n free; checked against torch.

    Raises:
        ExportFailed: the file is not sound ONNX, or answers otherwise than the half.
    """
    half.eval()
    model = _to_onnx(half, takes)
    try:
        onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
        difference = _difference(half, Session(model, where, takes, gives), takes)
    except (onnx.checker.ValidationError, BundleError) as error:
        raise ExportFailed(f"{where}: the exported network is not usable: {error}") from error
    if not difference <= _TOLERANCE:
        raise ExportFailed(f"{where}: answers differ from torch's by {difference:.2g}, over {_TOLERANCE:g}")
    return model


def _to_onnx(half: nn.Module, takes: tuple[int, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        stored = Path(folder) / "half.onnx"
        # The exporter that folds normalisation into kernels and writes no source paths is torch's older one,
        # which warns that it is. The lab's extra pins torch, so it cannot vanish under us.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            half,
            (torch.zeros(2, *takes),),
            stored,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": {0: "n"}, "output": {0: "n"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        return stored.read_bytes()


@torch.no_grad()
def _difference(half: nn.Module, session: Session, takes: tuple[int, ...]) -> float:
    # Three items: neither the size that was traced nor one that could hide a fixed batch dimension.
    batch = np.random.default_rng(0).normal(size=(3, *takes)).astype(np.float32)
    expected = half(torch.from_numpy(batch)).numpy()
    return float(np.abs(session.run(batch) - expected).max())
