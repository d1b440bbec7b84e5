"""ONNX at run time, torch in the lab and the payload on the wire give one answer, for every embedding."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.bundle import load_analyzer, load_extractor  # noqa: E402
from models.manifest import Embedding  # noqa: E402
from models.quantise import dequantise  # noqa: E402
from privacy_lab.assemble import measure_whole, write_halves  # noqa: E402
from privacy_lab.embeddings.answers import analyze, compute, release  # noqa: E402
from privacy_lab.embeddings.parts import read_parts  # noqa: E402
from privacy_lab.embeddings.stages import Stages  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402

BYTES = {"simple": 2, "siamese": 2, "advanced": 4, "ours": 1}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made.data_folder(tmp_path_factory.getbasetemp() / "parity")
    return tmp_path_factory.mktemp("kept")


@pytest.mark.parametrize("embedding", BYTES)
def test_three_ways_one_answer(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, kept: Path, embedding: Embedding
) -> None:
    recipe = made.recipe(embedding)
    parts = read_parts(recipe, tmp_path_factory.getbasetemp() / "parity")
    stages = Stages(recipe, parts, folder=kept)
    halves = stages.halves(embedding)
    manifest = write_halves(
        recipe, parts, halves, measure_whole(recipe, parts, stages.whole()), tmp_path / "b"
    )
    extractor, analyzer = load_extractor(tmp_path / "b"), load_analyzer(tmp_path / "b")
    regions = np.random.default_rng(0).integers(0, 256, (40, *recipe.input.shape), np.uint8)

    payloads = extractor.extract(regions)
    answers = analyzer.analyze(payloads)
    decoded = dequantise(payloads, halves.output)
    in_torch = release(halves, regions, recipe.input)
    logits = analyze(halves.back, in_torch)

    assert {len(payload) for payload in payloads} == {halves.output.numbers * BYTES[embedding]}
    assert extractor.embed(regions) == pytest.approx(compute(halves.front, regions, recipe.input), abs=1e-4)
    steps = np.abs(decoded - in_torch) > 1e-2 * halves.output.clip
    # Torch and ONNX Runtime sum in another order: a number on the edge of two steps may take either.
    assert steps.mean() < 0.01
    same = ~steps.reshape(len(regions), -1).any(axis=1)
    labels = [manifest.labels[k] for k in logits.argmax(axis=1)]
    margin = np.abs(logits[:, 0] - logits[:, 1]) > 1e-2
    assert [a[0] for a, ok in zip(answers, same & margin, strict=True) if ok] == [
        label for label, ok in zip(labels, same & margin, strict=True) if ok
    ]
    assert (same & margin).sum() > 30
