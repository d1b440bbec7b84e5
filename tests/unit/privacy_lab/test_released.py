"""What the lab measures and attacks is what the edge sends, noise and all."""

from pathlib import Path

import numpy as np
import pytest
from msgspec import UNSET

pytest.importorskip("torch")

from feature_node.release.samplers import SeededSamplers
from models.bundle import load_extractor
from models.manifest import NoiseSpec
from models.quantise import quantise
from privacy_lab.attacks.victims import victim_of_bundle
from privacy_lab.released import Edge
from tests.unit.privacy_lab.attacks import planted

SHIPPED = Path(__file__).parents[3] / "models" / "bundles" / "gender-ours"
IMAGES = planted.regions(70, 1, 64, 64).images
WORDS = ((1, 0, 0, 0, 0, 0, 0, 0), (0, 1, 0, 0, 0, 0, 0, 0), (0, 0, 1, 0, 0, 0, 0, 1))


def test_without_noise_the_payloads_are_the_numbers_as_they_are_stored() -> None:
    extractor = load_extractor(SHIPPED)
    assert list(Edge(extractor).payloads(IMAGES)) == quantise(extractor.embed(IMAGES), extractor.output)
    assert Edge(extractor)(IMAGES[:0]).shape == (0, 8)


def test_noise_is_added_by_the_edges_own_steps_anew_at_each_call() -> None:
    noise = NoiseSpec(mechanism="response", epsilon_joint=0.5, codebook=WORDS)
    edge = Edge(load_extractor(SHIPPED), noise, SeededSamplers(1))
    first, second = list(edge.payloads(IMAGES)), list(edge.payloads(IMAGES))
    assert set(first) == {np.array(word, np.int8).tobytes() for word in WORDS}
    assert first != second


def test_a_victim_under_noise_says_which() -> None:
    noise = NoiseSpec(mechanism="laplace-l1", bound=0.7, epsilon_joint=2.0)
    victim = victim_of_bundle(SHIPPED, noise=noise)
    assert victim.told is not None
    assert (victim.told.noise, victim.told.draws) == (noise, 1)
    assert victim_of_bundle(SHIPPED).told is None
    plain = Edge(load_extractor(SHIPPED), UNSET)(IMAGES)
    assert not np.array_equal(victim.release(IMAGES), plain)
