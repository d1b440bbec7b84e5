"""A manifest is checked when it is made, and read back as it was written."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalogue import find
from models.errors import BundleError, DamagedBundle, UnsupportedBundle
from models.manifest import Accuracy, InputSpec, OutputSpec, decode_manifest, encode_manifest
from models.reading import load_manifest
from tests.unit.models import made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(encode_manifest(made.manifest(made.halves()))))


def test_it_is_read_back_as_it_was_written() -> None:
    manifest = made.manifest(made.halves())
    read = decode_manifest(encode_manifest(manifest), "here")
    assert read == manifest
    assert read.bundle_id == manifest.bundle_id


def test_the_id_does_not_depend_on_layout(document: dict[str, Any]) -> None:
    compact = decode_manifest(json.dumps(dict(reversed(document.items()))).encode(), "here")
    assert compact.bundle_id == made.manifest(made.halves()).bundle_id


def test_a_newer_schema_is_named(document: dict[str, Any]) -> None:
    newer = document | {"schema": 2, "something": "new"}
    with pytest.raises(UnsupportedBundle, match="schema 2"):
        decode_manifest(json.dumps(newer).encode(), "here")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../escape"},
        {"labels": ["one"]},
        {"labels": ["same", "same"]},
        {"kind": "picture"},
        {"kind": "sound"},
        {"output": None},
        {"split": ""},
        {"files": {}},
        {"files": {"evil.sh": {"sha256": "0" * 64, "size": 1}}},
        {"unknown": 1},
        {"region": {"kind": "face", "margin": -1}},
        {"region": {"kind": "face", "margin": float("nan")}},
    ],
)
def test_what_contradicts_itself_is_refused(document: dict[str, Any], change: dict[str, Any]) -> None:
    with pytest.raises(DamagedBundle, match="here"):
        decode_manifest(json.dumps(document | change).encode(), "here")


NEEDED = set(json.loads(encode_manifest(made.manifest(made.halves())))) - {
    "accuracy",
    "accuracy_whole",
    "shading",
}


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_what_lacks_a_needed_value_is_refused(document: dict[str, Any], key: str) -> None:
    less = {name: value for name, value in document.items() if name != key}
    with pytest.raises(BundleError):
        decode_manifest(json.dumps(less).encode(), "here")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_the_place(data: bytes) -> None:
    with pytest.raises(BundleError, match="here"):
        decode_manifest(data, "here")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BundleError):
        decode_manifest(b'{"schema":1,"name":' + b"[" * 100_000, "here")


@pytest.mark.parametrize("std", [(0.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (float("nan"), 1.0, 1.0)])
def test_a_normalisation_that_divides_by_nothing_is_refused(std: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="std"):
        InputSpec(8, 8, 3, (0.0, 0.0, 0.0), std)


@pytest.mark.parametrize(
    ("dtype", "shape", "clip", "scale"),
    [
        ("int8", (4,), 4.0, 0.01),
        ("float32", (4,), 4.0, 0.5),
        ("float16", (), 4.0, 1.0),
        ("float32", (4096, 4096), 4.0, 1.0),
    ],
)
def test_an_output_that_cannot_be_sent_is_refused(dtype, shape, clip, scale) -> None:
    with pytest.raises(ValueError, match=r"output|int8|scale"):
        OutputSpec(dtype, shape, clip, scale)


def test_an_accuracy_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="interval"):
        Accuracy("d", "s", 10, 0.5, 0.6, 0.9, 0.1)


def test_a_frozen_value_stays() -> None:
    with pytest.raises(AttributeError):
        made.manifest(made.halves()).name = "other"  # type: ignore[misc]
    assert msgspec.structs.replace(made.INT8, clip=1.0).clip == 1.0


def test_only_a_stated_style_of_shading_is_read() -> None:
    stated = load_manifest(find("people-present"))
    assert not stated.misreads("solid")
    assert stated.misreads("blur")
    assert not msgspec.structs.replace(stated, shading=()).misreads("blur")
