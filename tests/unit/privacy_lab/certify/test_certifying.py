"""A bundle is certified, and its claims are checked by someone who holds the edge's half alone."""

from pathlib import Path

import cv2
import pytest

pytest.importorskip("torch")

from models.archive import list_files
from models.certificate import Certificate
from models.errors import UnsupportedBundle
from models.manifest import MIRROR
from models.reading import load_certificate, load_manifest
from models.split import split_bundle
from privacy_lab.battery.plan import Plan
from privacy_lab.certify.certifying import certify_bundle
from privacy_lab.certify.claims import Verdict
from privacy_lab.certify.facts import PageFacts
from privacy_lab.certify.own import check_on_own_pictures
from privacy_lab.certify.page import render_page
from privacy_lab.devices import CPU
from tests.unit.models import made, mirrored
from tests.unit.privacy_lab.battery import made as battery

PLAN: Plan = battery.plan("decoder", "retrieval", "rank-privacy", seeds=(0,), iterations=2)


def unwatched(*_: object) -> None:
    """Nobody looks."""


def certified(path: Path, folder: Path) -> tuple[Certificate, PageFacts]:
    return certify_bundle(
        path,
        battery.material(),
        plan=PLAN,
        folder=folder,
        device=CPU,
        watch=unwatched,
        costs=unwatched,
        repetitions=1,
        in_torch=False,
    )


def own_pictures(folder: Path, *, each: int, labels: tuple[str, ...] = ("this", "that")) -> Path:
    """Eight people of `each` pictures, in LABEL/PERSON folders."""
    regions = battery.people(0, 8, each, 5)
    for k, image in enumerate(regions.images):
        person = folder / labels[regions.labels[k]] / f"person-{regions.identities[k]}"
        person.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(person / f"{k}.png"), image[:, :, ::-1])
    return folder


def checked(bundle: Path, pictures: Path, folder: Path) -> dict[str, Verdict]:
    verdicts = check_on_own_pictures(
        bundle,
        pictures,
        plan=PLAN,
        folder=folder,
        device=CPU,
        watch=unwatched,
        costs=unwatched,
        repetitions=1,
    )
    return {verdict.claim.split(",")[0]: verdict for verdict in verdicts}


def test_a_certificate_is_written_into_the_bundle_and_can_be_checked_with_its_edge_half(tmp_path):
    bundle = mirrored.certified(tmp_path / "tiny.zip", made_by="someone, long ago")
    certificate, facts = certified(bundle, tmp_path / "kept")
    assert load_certificate(bundle) == (load_manifest(bundle), certificate)
    assert MIRROR in list_files(bundle)
    assert certificate.payload_bytes == 4
    assert certificate.ssim is not None
    assert certificate.identity_rank1 is not None
    assert "someone" not in certificate.made_by
    assert facts.reconstructed[0].name == "the best attack"
    assert len(facts.curves) == 1
    assert "what the house sees" in render_page(facts)

    edge, _ = split_bundle(bundle, tmp_path)
    found = checked(edge, own_pictures(tmp_path / "own", each=16), tmp_path / "kept")
    assert found["bytes a region"].holds
    assert found["accuracy"].holds is None
    judged = [found[claim].holds for claim in ("reconstruction", "people found first", "rank privacy")]
    assert None not in judged


def test_with_few_pictures_it_says_what_could_not_be_checked(tmp_path):
    found = checked(
        made.certified(tmp_path / "tiny"), own_pictures(tmp_path / "own", each=2), tmp_path / "kept"
    )
    assert found["reconstruction"].holds is None
    assert "too few pictures" in found["reconstruction"].remark
    assert found["bytes a region"].holds


def test_a_bundle_that_claims_nothing_has_nothing_to_check(tmp_path):
    with pytest.raises(UnsupportedBundle, match="no claim to check"):
        checked(made.bundle(tmp_path / "tiny"), tmp_path, tmp_path)


def test_what_has_no_extractor_cannot_be_certified(tmp_path):
    edge, cloud = split_bundle(made.bundle(tmp_path / "tiny"), tmp_path)
    for half in (edge, cloud, made.picture_bundle(tmp_path / "seen")):
        with pytest.raises(UnsupportedBundle):
            certified(half, tmp_path / "kept")
