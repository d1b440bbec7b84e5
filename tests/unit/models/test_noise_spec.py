"""What a manifest may say of noise; what it says nothing of stays as it was."""

import json
from typing import Any

import msgspec
import pytest

from models.catalogue import find
from models.errors import DamagedBundle
from models.manifest import FileEntry, Manifest, NoiseSpec, OutputSpec, decode_manifest, encode_manifest
from models.reading import load_manifest
from tests.unit.models import made

LAPLACE: dict[str, Any] = {"mechanism": "laplace", "bound": 3.0, "epsilon_per_coordinate": 2.0}
L1: dict[str, Any] = {"mechanism": "laplace-l1", "bound": 3.0, "epsilon_joint": 8.0}
L2: dict[str, Any] = {"mechanism": "gaussian-l2", "bound": 3.0, "epsilon_joint": 8.0, "delta": 1e-5}
RESPONSE: dict[str, Any] = {
    "mechanism": "response",
    "epsilon_joint": 8.0,
    "codebook": ((100, 0, 0, 0), (-100, 0, 0, 0)),
}


def noisy(noise: dict[str, Any], **changes: object) -> Manifest:
    return made.manifest(made.halves(), noise=NoiseSpec(**noise), **changes)


@pytest.mark.parametrize("noise", [LAPLACE, L1, L2, RESPONSE, LAPLACE | {"nullified": 0.1}])
def test_noise_is_read_back_as_it_was_written_and_part_of_the_id(noise: dict[str, Any]) -> None:
    manifest = noisy(noise)
    assert decode_manifest(encode_manifest(manifest), "here") == manifest
    assert manifest.bundle_id != made.manifest(made.halves()).bundle_id


def test_the_id_of_a_bundle_without_noise_does_not_know_that_there_is_any() -> None:
    """The id that this manifest had, and would be certified under, before any could speak of noise."""
    file = FileEntry("0" * 64, 1)
    files = {"extractor.onnx": file, "analyzer.onnx": file}
    plain = msgspec.structs.replace(made.manifest(made.halves()), files=files)
    assert b'"noise":' not in encode_manifest(plain)
    assert plain.bundle_id == "f261f57a049edaea"


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("noise", "says"),
    [
        (LAPLACE | {"epsilon_per_coordinate": 0.0}, r"noise.epsilon_per_coordinate 0.0: .* above zero"),
        (LAPLACE | {"epsilon_per_coordinate": -1.0}, "noise.epsilon_per_coordinate -1.0"),
        (LAPLACE | {"epsilon_per_coordinate": NAN}, "noise.epsilon_per_coordinate nan"),
        (LAPLACE | {"epsilon_per_coordinate": INF}, "noise.epsilon_per_coordinate inf"),
        (LAPLACE | {"epsilon_per_coordinate": None}, "noise.epsilon_per_coordinate None"),
        (LAPLACE | {"epsilon_joint": 1.0}, "noise.epsilon_joint 1.0 means nothing for laplace"),
        (LAPLACE | {"bound": None}, "noise.bound None: laplace needs a finite number above zero"),
        (LAPLACE | {"bound": 0.0}, r"noise.bound 0.0"),
        (LAPLACE | {"bound": INF}, "noise.bound inf"),
        (LAPLACE | {"delta": 1e-5}, "noise.delta 1e-05 means nothing for laplace"),
        (LAPLACE | {"nullified": 1.0}, "noise.nullified 1.0 must be at least 0 and under 1"),
        (LAPLACE | {"nullified": -0.1}, "noise.nullified -0.1"),
        (LAPLACE | {"nullified": NAN}, "noise.nullified nan"),
        (LAPLACE | {"codebook": RESPONSE["codebook"]}, "others none"),
        (L1 | {"epsilon_joint": None}, "noise.epsilon_joint None: laplace-l1 needs"),
        (L1 | {"epsilon_per_coordinate": 1.0}, "noise.epsilon_per_coordinate 1.0 means nothing"),
        (L2 | {"delta": None}, "noise.delta None: gaussian-l2 needs"),
        (L2 | {"delta": 1.0}, "noise.delta 1.0 must be under 1"),
        (L2 | {"delta": 0.0}, "noise.delta 0.0: gaussian-l2 needs"),
        (RESPONSE | {"bound": 1.0}, "noise.bound 1.0 means nothing for response"),
        (RESPONSE | {"codebook": ()}, "codebook of 0 words"),
        (RESPONSE | {"codebook": ((1, 0, 0, 0),)}, "codebook of 1 words"),
        (RESPONSE | {"codebook": ((1, 0, 0, 0), (1, 0, 0, 0))}, "2 to 4096 distinct"),
    ],
)
def test_noise_that_promises_nothing_is_refused(noise: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        NoiseSpec(**noise)


FLOATS = OutputSpec("float32", (4,), 4.0, 1.0)


@pytest.mark.parametrize(
    ("noise", "changes", "says"),
    [
        (LAPLACE | {"bound": 4.5}, {}, "noise.bound 4.5 is over output.clip 4"),
        (L1 | {"bound": 0.01}, {}, "noise.bound 0.01 is under one step of the output, 0.0314961"),
        (L1, {"output": FLOATS}, "laplace-l1 needs output.dtype int8, not float32"),
        (RESPONSE, {"output": FLOATS}, "response needs output.dtype int8"),
        (RESPONSE | {"codebook": ((1, 0), (2, 0))}, {}, "a word is not 4 steps of at most ±127"),
        (
            RESPONSE,
            {"output": OutputSpec("int8", (4,), 1.0, 0.0315)},
            "a word is not 4 steps of at most ±31",
        ),
    ],
)
def test_noise_that_the_numbers_cannot_carry_is_refused(noise, changes, says) -> None:
    with pytest.raises(ValueError, match=says):
        noisy(noise, **changes)


def test_as_published_the_numbers_may_be_of_any_type() -> None:
    assert noisy(LAPLACE, output=FLOATS).noise


@pytest.mark.parametrize(
    "noise",
    [
        LAPLACE | {"mechanism": "exponential"},
        LAPLACE | {"seed": 7},
        RESPONSE | {"codebook": [[128, 0, 0, 0], [0, 0, 0, 0]]},
        LAPLACE | {"epsilon_per_coordinate": 0},
    ],
)
def test_a_manifest_with_other_noise_is_damaged(noise: dict[str, Any]) -> None:
    document = json.loads(encode_manifest(made.manifest(made.halves()))) | {"noise": noise}
    with pytest.raises(DamagedBundle, match=r"here: manifest.json: .*noise"):
        decode_manifest(json.dumps(document).encode(), "here")


def test_a_picture_has_no_numbers_to_add_noise_to() -> None:
    stated = load_manifest(find("people-present"))
    with pytest.raises(ValueError, match="noise is an embedding bundle's"):
        msgspec.structs.replace(stated, noise=NoiseSpec(**LAPLACE))
