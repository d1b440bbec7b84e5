"""A bundle's halves as an attacker sees them are the halves that run."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.bundle import load_analyzer, load_extractor  # noqa: E402
from models.pictures import normalise  # noqa: E402
from models.quantise import clip, quantise  # noqa: E402
from privacy_lab.attacks.victims import victim_of_bundle, victim_of_halves  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

SHIPPED = Path(__file__).parents[4] / "models" / "bundles" / "gender-ours"


def test_a_bundles_twin_release_and_answers_are_those_of_the_run_time() -> None:
    victim, extractor, analyzer = victim_of_bundle(SHIPPED), load_extractor(SHIPPED), load_analyzer(SHIPPED)
    images = planted.regions(4, 1, 64, 64).images
    payloads = extractor.extract(images)
    numbers = victim.release(images)
    assert quantise(numbers, victim.output) == payloads
    assert victim.front is not None
    assert victim.analyze is not None
    assert victim.back is not None
    with torch.no_grad():
        twin = victim.front(torch.from_numpy(normalise(images, victim.input))).numpy()
        logits = victim.back(torch.from_numpy(numbers)).numpy()
    assert np.abs(clip(twin, victim.output) - numbers).max() < victim.output.scale
    assert np.abs(logits - victim.analyze(numbers)).max() < 1e-3
    labels = [extractor.manifest.labels[k] for k in victim.analyze(numbers).argmax(axis=1)]
    assert labels == [label for label, _ in analyzer.analyze(payloads)]


def test_the_edges_half_alone_is_enough(tmp_path: Path) -> None:
    for name in ("manifest.json", "extractor.onnx"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    victim = victim_of_bundle(tmp_path)
    assert victim.front is not None
    assert (victim.analyze, victim.back) == (None, None)


def test_halves_in_torch_release_what_the_manifest_says() -> None:
    output = planted.OutputSpec("int8", (2, 8, 8), 0.2, 0.2 / 127)
    victim = planted.convolutional(output)
    numbers = victim.release(planted.regions(3, 1).images)
    steps = numbers / np.float32(output.scale)
    assert np.abs(steps - np.rint(steps)).max() < 1e-3
    assert np.abs(numbers).max() <= 0.2 + 1e-6
    assert victim.release(planted.regions(0, 1).images).shape == (0, 2, 8, 8)


def test_halves_are_set_to_answer() -> None:
    front = torch.nn.Sequential(torch.nn.BatchNorm2d(3)).train()
    victim = victim_of_halves(front, None, planted.SIZE, planted.LEAKY, 2)
    assert not front.training
    assert victim.analyze is None
