"""The mirror goes with the edge's half, bound to the bundle; id and certificate stay as they were."""

from pathlib import Path

import numpy as np
import pytest

from models.archive import list_files
from models.certificate import encode_certificate
from models.errors import BadPayload, DamagedBundle, UnsupportedBundle
from models.manifest import ANALYZER, CERTIFICATE, MIRROR
from models.mirror import MAX_AT_ONCE, load_mirror, to_pixels
from models.quantise import quantise
from models.reading import load_certificate, read_bundle
from models.split import split_bundle
from models.verify import verify_bundle
from models.writer import write_bundle
from tests.unit.models import made, mirrored


def test_a_bundle_keeps_its_id_and_its_certificate_when_it_gets_a_mirror(tmp_path: Path) -> None:
    plain, (manifest, files) = made.manifest(made.halves()), mirrored.described()
    assert manifest.bundle_id == plain.bundle_id
    certificate = encode_certificate(made.certificate(plain))
    write_bundle(tmp_path / "tiny", manifest, files | {CERTIFICATE: certificate})
    assert load_certificate(tmp_path / "tiny")[1] is not None


def test_an_id_covers_what_answers(tmp_path: Path) -> None:
    manifest, files = mirrored.described()
    other = made.manifest(files | {ANALYZER: files[ANALYZER] + b"\0"})
    assert other.bundle_id != manifest.bundle_id


def test_payloads_become_pictures_of_the_inputs_size(tmp_path: Path) -> None:
    mirror = load_mirror(mirrored.bundle(tmp_path / "tiny"))
    numbers = np.array([[1, 0, 0, -1], [4, -4, 2, 0]], np.float32)
    payloads = quantise(numbers, made.INT8)
    pictures = mirror.pictures(payloads)
    assert pictures.shape == (2, made.SIDE, made.SIDE, 3)
    assert pictures.dtype == np.uint8
    assert not np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(mirror.pictures(payloads[1:])[0], pictures[1])
    assert mirror.pictures([]).shape == (0, made.SIDE, made.SIDE, 3)


def test_one_picture_is_the_same_for_everybody(tmp_path: Path) -> None:
    mirror = load_mirror(mirrored.bundle(tmp_path / "tiny"))
    assert np.array_equal(mirror.everybody(), mirror.pictures([bytes(4)])[0])


@pytest.mark.parametrize("mean", ["x", "[1.0]", '["a", 1, 2, 3]', "[1e99, 0, 0, 0]"])
def test_one_whose_mean_code_is_none_is_refused(tmp_path: Path, mean: str) -> None:
    files = made.halves() | {MIRROR: mirrored.drawing(mean=mean)}
    write_bundle(tmp_path / "tiny", made.manifest(files), files)
    with pytest.raises(DamagedBundle, match="mean code"):
        load_mirror(tmp_path / "tiny")


@pytest.mark.parametrize("payloads", [[b"123"], [bytes(4)] * (MAX_AT_ONCE + 1), [b"\x80" * 4]])
def test_what_no_edge_has_made_is_refused(tmp_path: Path, payloads: list[bytes]) -> None:
    with pytest.raises(BadPayload):
        load_mirror(mirrored.bundle(tmp_path / "tiny")).pictures(payloads)


def test_light_beyond_the_scale_is_cut_not_wrapped() -> None:
    drawn = np.full((1, 3, 1, 1), 1.2, np.float32)
    drawn[0, 0] = -0.2
    assert to_pixels(drawn)[0, 0, 0].tolist() == [0, 255, 255]


def test_it_goes_with_the_edges_half_alone(tmp_path: Path) -> None:
    edge, cloud = split_bundle(mirrored.bundle(tmp_path / "tiny"), tmp_path)
    assert MIRROR in list_files(edge)
    assert MIRROR not in list_files(cloud)
    assert load_mirror(edge).output == made.INT8
    assert read_bundle(cloud)[0].bundle_id == read_bundle(edge)[0].bundle_id


def test_verifying_runs_it(tmp_path: Path) -> None:
    said = list(verify_bundle(mirrored.bundle(tmp_path / "tiny.zip")))
    assert "mirror.onnx runs: 4 bytes become a picture of (8, 8)" in said
    assert any(line.startswith("mirror.onnx: ") and "SHA-256" in line for line in said)


def test_another_mirror_than_the_manifest_lists_is_refused(tmp_path: Path) -> None:
    path = mirrored.bundle(tmp_path / "tiny")
    (path / MIRROR).write_bytes(mirrored.drawing(name="horror"))
    with pytest.raises(DamagedBundle, match=r"mirror.onnx was altered"):
        load_mirror(path)


def test_one_that_draws_another_size_is_refused(tmp_path: Path) -> None:
    files = made.halves() | {MIRROR: mirrored.drawing(side=4)}
    write_bundle(tmp_path / "tiny", made.manifest(files), files)
    with pytest.raises(DamagedBundle, match="output"):
        load_mirror(tmp_path / "tiny")


def test_one_that_is_not_there_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedBundle, match="penumbra lab mirror"):
        load_mirror(made.bundle(tmp_path / "tiny"))
    with pytest.raises(UnsupportedBundle, match="needs no mirror"):
        load_mirror(made.picture_bundle(tmp_path / "picture"))


def test_a_bundle_of_pictures_has_none() -> None:
    files = {ANALYZER: made.halves()[ANALYZER], MIRROR: mirrored.drawing()}
    with pytest.raises(ValueError, match=r"has no mirror.onnx"):
        made.manifest(files, kind="picture", split="", embedding="", output=None)


def test_a_file_of_the_manifest_may_be_absent_but_not_unlisted(tmp_path: Path) -> None:
    files = made.halves()
    write_bundle(tmp_path / "tiny", made.manifest(files), files)
    (tmp_path / "tiny" / MIRROR).write_bytes(mirrored.drawing())
    with pytest.raises(DamagedBundle, match="does not list"):
        read_bundle(tmp_path / "tiny")
