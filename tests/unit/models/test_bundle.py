"""Halves load apart, answer alike from folder and zip, and refuse what the other side cannot have made."""

from pathlib import Path

import numpy as np
import pytest

from models.bundle import load_analyzer, load_extractor, softmax
from models.errors import (
    BadNumbers,
    BadPayload,
    BadRegions,
    DamagedBundle,
    RuntimeFailed,
    UnsafeArchive,
    UnsupportedBundle,
)
from models.manifest import ANALYZER, EXTRACTOR, InputSpec, OutputSpec
from models.pictures import encode_picture
from models.reading import load_manifest
from models.sessions import Session
from models.split import split_bundle
from models.writer import write_bundle
from tests.unit.models import made, noisy


def test_folder_and_zip_answer_alike(tmp_path: Path) -> None:
    folder, packed = made.bundle(tmp_path / "tiny"), made.bundle(tmp_path / "tiny.zip")
    regions = made.regions(5)
    payloads = load_extractor(folder).extract(regions)
    assert payloads == load_extractor(packed).extract(regions)
    assert load_analyzer(folder).analyze(payloads) == load_analyzer(packed).analyze(payloads)
    assert {len(payload) for payload in payloads} == {load_manifest(folder).region_bytes}


def test_an_answer_does_not_depend_on_who_else_is_in_the_batch(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny")
    extractor, analyzer = load_extractor(path), load_analyzer(path)
    regions = made.regions(7)
    together = extractor.extract(regions)
    assert together == [extractor.extract(regions[k : k + 1])[0] for k in range(7)]
    for answer, payload in zip(analyzer.analyze(together), together, strict=True):
        (alone,) = analyzer.analyze([payload])
        assert (answer[0], pytest.approx(answer[1], abs=1e-6)) == alone


def test_no_regions_give_no_payloads_and_no_answers(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny")
    assert load_extractor(path).extract(made.regions(0)) == []
    assert load_analyzer(path).analyze([]) == []


def test_the_halves_ship_apart_under_one_id(tmp_path: Path) -> None:
    whole = made.bundle(tmp_path / "tiny.zip")
    edge, cloud = split_bundle(whole, tmp_path / "halves")
    assert load_manifest(edge).bundle_id == load_manifest(cloud).bundle_id == load_manifest(whole).bundle_id
    payloads = load_extractor(edge).extract(made.regions(2))
    assert load_analyzer(cloud).analyze(payloads) == load_analyzer(whole).analyze(payloads)
    with pytest.raises(UnsupportedBundle, match="cloud's half"):
        load_analyzer(edge)
    with pytest.raises(UnsupportedBundle, match="edge's half"):
        load_extractor(cloud)
    with pytest.raises(UnsupportedBundle, match="cannot be split"):
        split_bundle(edge, tmp_path / "again")


def test_numbers_that_leave_under_noise_are_not_given_as_payloads_without(tmp_path: Path) -> None:
    extractor = load_extractor(made.bundle(tmp_path / "tiny", noise=noisy.L1))
    with pytest.raises(UnsupportedBundle, match=r"under noise \(laplace-l1\); put what embed\(\) gives"):
        extractor.extract(made.regions(1))
    assert extractor.embed(made.regions(2)).shape == (2, 4)


def test_a_mask_is_put_on_what_the_network_sees(tmp_path: Path) -> None:
    extractor = load_extractor(made.bundle(tmp_path / "tiny"))
    seen = []

    def mask(pictures: np.ndarray) -> np.ndarray:
        seen.append(pictures.shape)
        return np.zeros_like(pictures)

    assert not extractor.embed(made.regions(2), mask=mask).any()
    assert extractor.embed(made.regions(2)).any()
    assert seen == [(2, 3, made.SIDE, made.SIDE)]


def test_another_manifest_is_another_pair(tmp_path: Path) -> None:
    one = load_manifest(made.bundle(tmp_path / "one"))
    other = load_manifest(made.bundle(tmp_path / "other", task="something else"))
    assert one.bundle_id != other.bundle_id
    assert len(one.bundle_id) == 16


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = made.bundle(tmp_path / "a.zip"), made.bundle(tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()


def test_a_file_other_than_the_manifests_is_not_written(tmp_path: Path) -> None:
    files = made.halves()
    described = made.manifest(files)
    with pytest.raises(Exception, match="not the file that the manifest lists"):
        write_bundle(tmp_path / "tiny", described, files | {ANALYZER: b"other"})


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    files = made.halves()
    with pytest.raises(Exception, match=r"thesis\.tex"):
        write_bundle(tmp_path, made.manifest(files), files)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_replacing_a_whole_bundle_by_a_half_leaves_no_stale_half(tmp_path: Path) -> None:
    path = made.bundle(tmp_path / "tiny")
    files = made.halves()
    write_bundle(path, made.manifest(files), {EXTRACTOR: files[EXTRACTOR]})
    with pytest.raises(UnsupportedBundle):
        load_analyzer(path)


@pytest.mark.parametrize("how", ["altered", "shorter", "gone", "stranger"])
def test_a_file_that_is_not_the_manifests_is_refused(tmp_path: Path, how: str) -> None:
    path = made.bundle(tmp_path / "tiny")
    file = path / EXTRACTOR
    data = file.read_bytes()
    if how == "altered":
        file.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    elif how == "shorter":
        file.write_bytes(data[:-1])
    elif how == "gone":
        (path / "manifest.json").unlink()
    else:
        (path / "certificate.json").write_bytes(b"{}")
    reason = {"altered": "SHA-256", "shorter": "bytes", "gone": "not a bundle", "stranger": "certificate"}
    with pytest.raises(DamagedBundle, match=reason[how]):
        load_extractor(path)


@pytest.mark.parametrize(
    ("changes", "half"),
    [
        ({"output": OutputSpec("int8", (5,), 4.0, 4 / 127)}, load_extractor),
        ({"output": OutputSpec("int8", (5,), 4.0, 4 / 127)}, load_analyzer),
        ({"output": OutputSpec("int8", (2, 2), 4.0, 4 / 127)}, load_extractor),
        ({"input": InputSpec(9, 8, 3, (0, 0, 0), (1, 1, 1))}, load_extractor),
        ({"labels": ("a", "b", "c")}, load_analyzer),
    ],
)
def test_networks_of_another_shape_than_promised_are_refused(tmp_path, changes, half) -> None:
    with pytest.raises(DamagedBundle, match="not float"):
        half(made.bundle(tmp_path / "tiny", **changes))


@pytest.mark.parametrize(
    ("model", "error"),
    [
        (made.network((4,), 2, batch=1), DamagedBundle),
        (made.network((4,), 2, outside="../secrets.bin"), UnsafeArchive),
        (b"not a network", RuntimeFailed),
        (b"", RuntimeFailed),
    ],
)
def test_a_network_that_cannot_be_trusted_to_run_is_refused(model: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        Session(model, "tiny", (4,), (2,))


@pytest.mark.parametrize(
    "regions",
    [
        np.zeros((1, 8, 8, 3), np.float32),
        np.zeros((1, 8, 9, 3), np.uint8),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((1, 3, 8, 8), np.uint8),
    ],
)
def test_regions_of_another_form_are_refused(tmp_path: Path, regions: np.ndarray) -> None:
    with pytest.raises(BadRegions):
        load_extractor(made.bundle(tmp_path / "tiny")).extract(regions)


def test_numbers_that_are_not_finite_never_leave(tmp_path: Path) -> None:
    tiny = InputSpec(8, 8, 3, (0.5, 0.5, 0.5), (1e-40, 1e-40, 1e-40))
    with np.errstate(all="ignore"), pytest.raises(BadNumbers):
        load_extractor(made.bundle(tmp_path / "tiny", input=tiny)).extract(made.regions(1))


@pytest.mark.parametrize("payload", [b"", b"abc", b"abcde", b"\x80abc"])
def test_payloads_that_no_extractor_made_are_refused(tmp_path: Path, payload: bytes) -> None:
    with pytest.raises(BadPayload):
        load_analyzer(made.bundle(tmp_path / "tiny")).analyze([payload])


def test_a_bundle_of_pictures_answers_jpegs_and_has_no_extractor(tmp_path: Path) -> None:
    path = made.picture_bundle(tmp_path / "tiny")
    large = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    answers = load_analyzer(path).analyze([encode_picture(large), encode_picture(large[::-1])])
    assert [label in ("this", "that") for label, _ in answers] == [True, True]
    assert load_manifest(path).region_bytes is None
    with pytest.raises(UnsupportedBundle, match="shade"):
        load_extractor(path)


@pytest.mark.parametrize("cut", [0, 2, 20, 200])
def test_a_payload_that_is_no_jpeg_is_refused(tmp_path: Path, cut: int) -> None:
    jpeg = encode_picture(np.zeros((60, 90, 3), np.uint8))
    with pytest.raises(BadPayload):
        load_analyzer(made.picture_bundle(tmp_path / "tiny")).analyze([jpeg[:cut]])


def test_softmax_holds_for_large_scores() -> None:
    scores = softmax(np.array([[1000.0, 0.0], [0.0, 0.0], [-1000.0, -1001.0]], np.float32))
    assert np.isfinite(scores).all()
    assert np.allclose(scores.sum(axis=1), 1)
    assert scores[1].tolist() == [0.5, 0.5]
