"""A certificate holds figures with their intervals, and counts for the bundle that it names alone."""

import math
from pathlib import Path

import msgspec
import pytest

from models.bundle import load_analyzer, load_extractor
from models.certificate import decode_certificate, encode_certificate, figures_of
from models.errors import BundleError, DamagedBundle, UnsupportedBundle
from models.manifest import CERTIFICATE, EXTRACTOR, Manifest
from models.reading import load_certificate, load_manifest, read_bundle
from models.split import split_bundle
from models.verify import verify_bundle
from models.writer import write_bundle
from tests.unit.models import made


@pytest.fixture
def tiny() -> Manifest:
    return made.manifest(made.halves())


def test_what_is_written_is_read_back(tiny: Manifest) -> None:
    certificate = made.certificate(tiny)
    data = encode_certificate(certificate)
    assert decode_certificate(data, "here") == certificate
    assert encode_certificate(decode_certificate(data, "here")) == data
    assert len(figures_of(certificate)) == 11 + 2 * 5


def test_the_difference_to_the_floor_has_no_more_digits_than_its_parts(tiny: Manifest) -> None:
    assert made.certificate(tiny).ssim_over_floor == 0.02
    assert made.certificate(tiny, ssim=None).ssim_over_floor is None


def test_a_task_without_identities_leaves_them_out(tiny: Manifest) -> None:
    certificate = made.certificate(tiny, identity_rank1=None, rank_privacy=None)
    stored = msgspec.json.decode(encode_certificate(certificate))
    assert stored["identity_rank1"] is None
    assert decode_certificate(encode_certificate(certificate), "here") == certificate


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ssim": 0.5, "intervals": {"ssim": (0.1, 0.2)}}, "has no interval"),
        ({"intervals": {}}, "accuracy 0.97 has no interval"),
        ({"ssim": math.nan}, "ssim nan has no interval"),
    ],
)
def test_a_figure_needs_an_interval_that_holds_it(tiny: Manifest, changes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        made.certificate(tiny, **changes)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"accuracy": 1.2}, r"\$\.accuracy"),
        ({"accuracy": "high"}, r"\$\.accuracy"),
        ({"ssim": 7}, r"\$\.ssim"),
        ({"bundle": "../x"}, r"\$\.bundle"),
        ({"payload_bytes": 0}, r"\$\.payload_bytes"),
        ({"edge": {}}, "extractor"),
        ({"intervals": {"ssim": [0, None]}}, "intervals"),
        ({"intervals": {}}, "no interval"),
        ({"more": 1}, "more"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(tiny: Manifest, change: dict[str, object], named: str) -> None:
    stored = msgspec.json.decode(encode_certificate(made.certificate(tiny)))
    with pytest.raises(DamagedBundle, match=named):
        decode_certificate(msgspec.json.encode(stored | change), "here")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b"3", b'{"schema": 1}'])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedBundle, match=r"here: certificate\.json"):
        decode_certificate(data, "here")


def test_a_newer_schema_is_told_from_a_damaged_file() -> None:
    with pytest.raises(UnsupportedBundle, match=r"certificate\.json has schema 2"):
        decode_certificate(b'{"schema": 2, "unheard": true}', "here")


@pytest.mark.parametrize("form", ["tiny", "tiny.zip"])
def test_a_bundle_is_the_same_with_its_certificate(tmp_path: Path, form: str) -> None:
    plain, path = made.bundle(tmp_path / "plain"), made.certified(tmp_path / form)
    manifest, certificate = load_certificate(path)
    assert manifest.bundle_id == load_manifest(plain).bundle_id
    assert certificate is not None
    assert certificate.bundle == manifest.bundle_id
    assert set(read_bundle(path)[1]) == {*made.NAMES, CERTIFICATE}
    assert load_certificate(plain)[1] is None


def test_it_goes_with_the_extractor_when_the_halves_part(tmp_path: Path) -> None:
    edge, cloud = split_bundle(made.certified(tmp_path / "tiny"), tmp_path)
    assert load_certificate(edge)[1] is not None
    assert load_certificate(cloud)[1] is None


@pytest.mark.parametrize("changes", [{"bundle": "0" * 16}, {"extractor_sha256": "0" * 64}])
def test_another_bundles_certificate_is_damage(tmp_path: Path, changes: dict[str, str]) -> None:
    path = made.bundle(tmp_path / "tiny")
    manifest, files = read_bundle(path)
    other = encode_certificate(made.certificate(manifest, **changes))
    with pytest.raises(DamagedBundle, match=r"another|not of"):
        write_bundle(tmp_path / "out", manifest, {EXTRACTOR: files[EXTRACTOR], CERTIFICATE: other})
    (path / CERTIFICATE).write_bytes(other)
    for read in (load_extractor, load_certificate, read_bundle):
        with pytest.raises(DamagedBundle, match=r"another|not of"):
            read(path)
    load_analyzer(path)  # the cloud's half is not what the certificate speaks of


def test_a_bundle_of_pictures_has_none(tmp_path: Path, tiny: Manifest) -> None:
    path = made.picture_bundle(tmp_path / "seen")
    (path / CERTIFICATE).write_bytes(encode_certificate(made.certificate(tiny)))
    with pytest.raises(DamagedBundle, match="no extractor"):
        load_certificate(path)


def test_verify_mentions_it_and_stops_at_another_bundles(tmp_path: Path) -> None:
    path = made.certified(tmp_path / "tiny")
    assert any("certificate.json is of this bundle; made by tests" in check for check in verify_bundle(path))
    stored = msgspec.json.decode((path / CERTIFICATE).read_bytes())
    (path / CERTIFICATE).write_bytes(msgspec.json.encode(stored | {"bundle": "f" * 16}))
    with pytest.raises(BundleError):
        list(verify_bundle(path))
