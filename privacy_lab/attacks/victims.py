"""Victims from what was trained or shipped."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import nn

from models.bundle import load_analyzer, load_extractor
from models.manifest import ANALYZER, EXTRACTOR, InputSpec, NoiseSpec, OutputSpec
from models.pictures import normalise
from models.quantise import Floats, dequantise, quantise
from models.reading import read_checked
from models.sessions import Session
from privacy_lab.attacks.placing import device_of
from privacy_lab.attacks.victim import Analyze, Pixels, Told, Victim
from privacy_lab.errors import NoTwin
from privacy_lab.networks.onnx_front import torch_front
from privacy_lab.released import Edge

_AT_ONCE = 128


@final
@dataclass(frozen=True, slots=True)
class _SessionAnalyze:
    session: Session

    def __call__(self, numbers: Floats) -> Floats:
        return self.session.run(numbers)


@final
class _TorchRelease:
    def __init__(self, front: nn.Module, size: InputSpec, output: OutputSpec) -> None:
        self._front, self._size, self._output = front, size, output

    @torch.no_grad()
    def __call__(self, regions: Pixels) -> Floats:
        chunks = [np.zeros((0, *self._output.shape), np.float32)]
        for start in range(0, len(regions), _AT_ONCE):
            batch = torch.from_numpy(normalise(regions[start : start + _AT_ONCE], self._size))
            numbers = self._front(batch.to(device_of(self._front))).float().cpu().numpy()
            chunks.append(dequantise(quantise(numbers, self._output), self._output))
        return np.concatenate(chunks)


@final
class _TorchAnalyze:
    def __init__(self, back: nn.Module) -> None:
        self._back = back

    @torch.no_grad()
    def __call__(self, numbers: Floats) -> Floats:
        scores = self._back(torch.from_numpy(numbers).to(device_of(self._back)))
        return np.asarray(scores.float().cpu().numpy(), np.float32)


def victim_of_bundle(path: Path, *, threads: int = 1, noise: NoiseSpec | None = None) -> Victim:
    """Give the bundle at `path` (folder or zip) as an attacker sees it who holds every half that is there.

    A half that has no differentiable twin is left to black-box attacks; without an analyzer there is no
    answer to ask for, and no shadow attack. `noise` stands in the place of the bundle's own.

    Raises:
        BundleError: It is not there, not safe, not sound, or has no extractor.
    """
    extractor = load_extractor(path, threads=threads)
    manifest, output, edge = extractor.manifest, extractor.output, Edge(extractor, noise)
    _, files = read_checked(path, frozenset({EXTRACTOR, ANALYZER}))
    analyze: Analyze | None = None
    if ANALYZER in files:
        load_analyzer(path, threads=threads)
        session = Session(
            files[ANALYZER], f"{path}: {ANALYZER}", output.shape, (len(manifest.labels),), threads=threads
        )
        analyze = _SessionAnalyze(session)
    return Victim(
        input=manifest.input,
        output=output,
        labels=len(manifest.labels),
        release=edge,
        front=_twin(files[EXTRACTOR]),
        analyze=analyze,
        back=_twin(files[ANALYZER]) if ANALYZER in files else None,
        told=Told(edge.noise) if edge.noise else None,
    )


def victim_of_halves(
    front: nn.Module, back: nn.Module | None, size: InputSpec, output: OutputSpec, labels: int
) -> Victim:
    """Give halves that are still in torch as an attacker sees them, both set to answer.

    Args:
        front: Normalised float32 [n, 3, h, w] to numbers [n, *output.shape], not yet clipped and stored.
        back: Numbers as decoded to logits [n, labels]; None where the attacker has no analyzer.
        size: What regions look like.
        output: How numbers are bounded and stored.
        labels: How many labels there are.
    """
    front.eval()
    analyze = _TorchAnalyze(back.eval()) if back is not None else None
    return Victim(size, output, labels, _TorchRelease(front, size, output), front, analyze, back)


def _twin(model: bytes) -> nn.Module | None:
    try:
        return torch_front(model)
    except NoTwin:
        return None
