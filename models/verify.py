"""Check a bundle as thoroughly as it can be without its data: integrity, shapes, and a run of each half."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from models.bundle import load_analyzer, load_extractor
from models.certificate import decode_certificate
from models.errors import UnsupportedBundle
from models.manifest import ANALYZER, CERTIFICATE, EXTRACTOR, MIRROR, Manifest
from models.mirror import load_mirror
from models.pictures import encode_picture
from models.placement_table import PLACEMENT, PlacementTable
from models.quantise import quantise
from models.reading import read_bundle

_SEED: Final = 0
# Two sizes: a half whose batch dimension is fixed passes one of them at most.
_BATCHES: Final = (1, 3)


def verify_bundle(path: Path) -> Iterator[str]:
    """Give each check that passed, as a sentence; stops at the first that does not by raising.

    Only reads. Inputs are made from a fixed seed, so that two runs do the same.

    Raises:
        BundleError: the first thing found wrong.
    """
    manifest, files = read_bundle(path)
    halves = [name for name in (EXTRACTOR, ANALYZER) if name in files]
    if not halves:
        raise UnsupportedBundle(f"{path}: holds a manifest and neither half")
    yield f"manifest of schema {manifest.schema}, bundle {manifest.bundle_id}"
    for name, data in files.items():
        if name in manifest.files:
            yield f"{name}: {len(data)} bytes, SHA-256 as the manifest says"
    if CERTIFICATE in files:
        yield _say_certificate(path, files[CERTIFICATE])
    if PLACEMENT in files:
        yield _say_placement(path, files[PLACEMENT])
    if EXTRACTOR in halves:
        yield _run_extractor(path, manifest)
    if ANALYZER in halves:
        yield _run_analyzer(path, manifest)
    if MIRROR in files:
        yield _run_mirror(path, manifest)


def _say_certificate(path: Path, data: bytes) -> str:
    certificate = decode_certificate(data, str(path))
    return f"{CERTIFICATE} is of this bundle; made by {certificate.made_by}"


def _say_placement(path: Path, data: bytes) -> str:
    table = PlacementTable.decode(data, str(path))
    return f"{PLACEMENT} is of this bundle: {len(table.layers)} layers; made by {table.made_by}"


def _run_extractor(path: Path, manifest: Manifest) -> str:
    extractor = load_extractor(path)
    for count in _BATCHES:
        payloads = quantise(extractor.embed(_regions(manifest, count)), extractor.output)
    return f"{EXTRACTOR} runs: {manifest.input.shape} becomes {len(payloads[0])} bytes"


def _run_analyzer(path: Path, manifest: Manifest) -> str:
    analyzer = load_analyzer(path)
    for count in _BATCHES:
        answers = analyzer.analyze(_payloads(manifest, count))
    return f"{ANALYZER} runs: {len(answers)} answers among {', '.join(manifest.labels)}"


def _run_mirror(path: Path, manifest: Manifest) -> str:
    mirror = load_mirror(path)
    for count in _BATCHES:
        pictures = mirror.pictures(_payloads(manifest, count))
    return f"{MIRROR} runs: {len(_payloads(manifest, 1)[0])} bytes become a picture of {pictures.shape[1:3]}"


def _payloads(manifest: Manifest, count: int) -> list[bytes]:
    output = manifest.output
    if output is None:
        return [encode_picture(region) for region in _regions(manifest, count)]
    numbers = np.random.default_rng(_SEED).normal(0, output.clip / 3, (count, *output.shape))
    return quantise(numbers.astype(np.float32), output)


def _regions(manifest: Manifest, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(_SEED).integers(0, 256, (count, *manifest.input.shape), np.uint8)
