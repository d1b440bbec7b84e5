"""What ships with the project is small, certified, and says where it comes from."""

from pathlib import Path

import pytest

from feature_node.release.calibration import cost_of
from models.catalogue import shipped
from models.manifest import MIRROR, Manifest
from models.reading import load_certificate
from models.verify import verify_bundle

EMBEDDINGS = ("gender-ours", "gender-private", "objects-ours", "signs-ours")
MOST_BYTES = 2 << 20
MOST_MIRROR_BYTES = 2 << 20
MOST_OVER_FLOOR = 0.02
MOST_PAYLOAD = 8


@pytest.mark.parametrize("name", shipped())
def test_it_is_sound_and_small(name: str) -> None:
    path = shipped()[name]
    assert list(verify_bundle(path))
    sizes = {file.name: file.stat().st_size for file in path.iterdir()}
    assert sizes.pop(MIRROR, 0) <= MOST_MIRROR_BYTES
    assert sum(sizes.values()) <= MOST_BYTES


@pytest.mark.parametrize("name", shipped())
def test_it_says_where_it_comes_from_and_what_that_allows(name: str) -> None:
    manifest = _manifest(shipped()[name])
    assert manifest.name == name
    assert manifest.provenance.data
    assert all(data.terms and data.source for data in manifest.provenance.data)
    assert manifest.accuracy


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_its_certificate_is_its_own_and_its_strongest_attack_stays_near_the_floor(name: str) -> None:
    manifest, certificate = load_certificate(shipped()[name])
    assert certificate is not None
    assert certificate.ssim_over_floor is not None
    assert certificate.ssim_over_floor <= MOST_OVER_FLOOR
    assert certificate.payload_bytes == manifest.region_bytes
    assert certificate.payload_bytes <= MOST_PAYLOAD
    attacked = {attack.name for attack in certificate.attacks}
    assert {"decoder", "rmle", "refined", "inverse", "shadow", "structural"} <= attacked
    assert all(len(attack.seeds) >= 3 for attack in certificate.attacks if attack.kind == "reconstruction")


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_the_cloud_still_matters(name: str) -> None:
    parameters = _manifest(shipped()[name]).parameters
    assert parameters.extractor <= parameters.analyzer


@pytest.mark.parametrize("name", ["gender-ours", "gender-private"])
def test_gender_keeps_people_apart_no_better_than_the_answer_does(name: str) -> None:
    _, certificate = load_certificate(shipped()[name])
    assert certificate is not None
    assert certificate.identity_rank1 is not None
    assert certificate.identity_rank1_chance is not None
    assert certificate.identity_rank1 <= 1.5 * certificate.identity_rank1_chance
    assert certificate.rank_privacy is not None
    assert certificate.rank_privacy >= 0.30


def test_the_private_one_promises_epsilon_joint_and_loses_little_by_it() -> None:
    manifest, certificate = load_certificate(shipped()["gender-private"])
    assert manifest.noise
    cost = cost_of(manifest.noise, manifest.output.numbers if manifest.output else 0)
    assert cost.epsilon_joint == 4.0
    assert cost.delta is None
    assert certificate is not None
    assert certificate.accuracy is not None
    assert certificate.accuracy_whole is not None
    assert certificate.accuracy >= certificate.accuracy_whole - 0.02


def _manifest(path: Path) -> Manifest:
    return load_certificate(path)[0]
