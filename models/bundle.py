"""The two halves of a bundle, loaded and checked: regions become payloads, payloads become answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from models.errors import BadRegions, UnsupportedBundle
from models.manifest import ANALYZER, CERTIFICATE, EXTRACTOR, Manifest, OutputSpec
from models.pictures import decode_picture, normalise
from models.quantise import Floats, dequantise, quantise
from models.reading import read_checked
from models.sessions import Session

Answer = tuple[str, float]


@final
class ExtractorBundle:
    """The edge's half: regions of a picture become numbers, and the numbers bytes of a fixed length."""

    def __init__(self, manifest: Manifest, output: OutputSpec, session: Session) -> None:
        self.manifest = manifest
        self.output = output
        self._session = session

    def embed(self, regions: NDArray[np.uint8], *, mask: Callable[[Floats], Floats] | None = None) -> Floats:
        """Give the numbers, float32 [n, *output.shape], before anything protects them.

        Args:
            regions: RGB, uint8 [n, height, width, 3] of the manifest's input size.
            mask: What is done to the normalised pictures, float32 [n, 3, height, width], before the network
                sees them.

        Raises:
            BadRegions: another shape or type.
            RuntimeFailed: the network does not run.
        """
        expected = self.manifest.input.shape
        if regions.dtype != np.uint8 or regions.ndim != 4 or regions.shape[1:] != expected:
            raise BadRegions(f"regions are {regions.dtype} {regions.shape}, not uint8 [n, {expected}]")
        pictures = normalise(regions, self.manifest.input)
        return self._session.run(pictures if mask is None else mask(pictures))

    def extract(self, regions: NDArray[np.uint8]) -> list[bytes]:
        """Give one payload of `manifest.region_bytes` bytes a region, clipped and quantised.

        Raises:
            BadRegions, RuntimeFailed: as `embed`.
            BadNumbers: a number is NaN or infinite; nothing may be sent.
            UnsupportedBundle: its numbers leave under noise, which is the release steps' to add.
        """
        if self.manifest.noise:
            raise UnsupportedBundle(
                f"{self.manifest.name}: its numbers leave under noise ({self.manifest.noise.mechanism}); "
                "put what embed() gives through feature_node.release.chains"
            )
        return quantise(self.embed(regions), self.output)


@final
class AnalyzerBundle:
    """The cloud's half: payloads become a label and its score each."""

    def __init__(self, manifest: Manifest, session: Session) -> None:
        self.manifest = manifest
        self._session = session

    def analyze(self, payloads: Sequence[bytes]) -> list[Answer]:
        """Answer each payload (an embedding's bytes, or a censored JPEG): likeliest label and probability.

        Raises:
            BadPayload: bytes that this bundle's edge half cannot have made.
            RuntimeFailed: the network does not run.
        """
        scores = softmax(self._session.run(self._read(payloads)))
        best = scores.argmax(axis=1)
        labels = self.manifest.labels
        return [(labels[k], float(row[k])) for row, k in zip(scores, best, strict=True)]

    def _read(self, payloads: Sequence[bytes]) -> Floats:
        output = self.manifest.output
        if output is not None:
            return dequantise(payloads, output)
        size = self.manifest.input
        pictures = [decode_picture(payload, size) for payload in payloads]
        stacked = np.stack(pictures) if pictures else np.zeros((0, *size.shape), np.uint8)
        return normalise(stacked, size)


def softmax(logits: Floats) -> Floats:
    """Turn scores [n, labels] into probabilities that sum to 1 a row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def load_extractor(path: Path, *, threads: int = 1) -> ExtractorBundle:
    """Load the edge's half of the bundle at `path`; the analyzer need not be there and is not read.

    Raises:
        BundleError: it is not there, not safe, not sound, or has no extractor.
    """
    manifest, files = read_checked(path, frozenset({EXTRACTOR, CERTIFICATE}))
    output = manifest.output
    if output is None:
        raise UnsupportedBundle(
            f"{path}: {manifest.name} takes a censored picture and has no extractor; "
            "set the edge's extractor to shade"
        )
    size = manifest.input
    takes = (size.channels, size.height, size.width)
    model = _half(path, files, EXTRACTOR, "edge")
    session = Session(model, f"{path}: {EXTRACTOR}", takes, tuple(output.shape), threads=threads)
    return ExtractorBundle(manifest, output, session)


def load_analyzer(path: Path, *, threads: int = 1) -> AnalyzerBundle:
    """Load the cloud's half of the bundle at `path`; the extractor need not be there and is not read.

    Raises:
        BundleError: it is not there, not safe, not sound, or has no analyzer.
    """
    manifest, files = read_checked(path, frozenset({ANALYZER}))
    size, output = manifest.input, manifest.output
    takes = tuple(output.shape) if output else (size.channels, size.height, size.width)
    model = _half(path, files, ANALYZER, "cloud")
    session = Session(model, f"{path}: {ANALYZER}", takes, (len(manifest.labels),), threads=threads)
    return AnalyzerBundle(manifest, session)


def _half(path: Path, files: dict[str, bytes], name: str, side: str) -> bytes:
    if name not in files:
        raise UnsupportedBundle(f"{path}: has no {name}: this is not the {side}'s half")
    return files[name]
