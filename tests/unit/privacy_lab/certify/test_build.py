"""What the attacks found stands in the certificate and on the page, and nothing else."""

import math

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")

from models.certificate import EdgeCost, Figure, decode_certificate, edge_figures, encode_certificate
from models.manifest import Accuracy, Manifest
from privacy_lab.certify.build import build_certificate, curve_of, page_of, rounded
from privacy_lab.certify.facts import CurvePoint
from privacy_lab.certify.page import render_page
from privacy_lab.errors import MeasureFailed
from tests.unit.models import made
from tests.unit.privacy_lab.certify.batteries import battery, outcome, ranking
from tests.unit.privacy_lab.certify.facts import figure

EDGE = EdgeCost(extractor=made.cost(), whole=made.cost(2))
INTERVALS = {name: (0.9 * value, 1.1 * value) for name, value in edge_figures(EDGE).items()}


@pytest.fixture
def tiny() -> Manifest:
    whole = tuple(Accuracy(name, "held out", n, 0.9, 0.8, 0.95, 0.5) for name, n in (("a", 100), ("b", 300)))
    return made.manifest(made.halves(), accuracy_whole=whole)


def test_every_figure_of_the_battery_is_in_it_with_its_interval(tiny):
    certificate = build_certificate(tiny, battery(tiny.bundle_id), EDGE, INTERVALS)
    assert decode_certificate(encode_certificate(certificate), "here") == certificate
    assert (certificate.ssim, certificate.ssim_floor, certificate.ssim_over_floor) == (0.32, 0.3, 0.02)
    assert certificate.intervals["ssim_over_floor"] == (0.015, 0.025), "picture by picture, so narrower"
    assert certificate.intervals["identity_rank1_chance"] == (0.08, 0.08)
    assert certificate.payload_bytes == tiny.region_bytes
    assert certificate.extractor_sha256 == tiny.files["extractor.onnx"].sha256
    assert [attack.name for attack in certificate.attacks][-2:] == ["decoder", "rank-privacy"]
    assert certificate.not_run == {"log-rank": "needs 19 pictures of each"}
    assert certificate.data[0].name == "made"


def test_the_whole_networks_accuracy_is_that_of_all_sets_together(tiny):
    certificate = build_certificate(tiny, battery(tiny.bundle_id), EDGE, INTERVALS)
    assert certificate.accuracy_whole == 0.9
    low, high = certificate.intervals["accuracy_whole"]
    assert 0.86 < low < 0.9 < high < 0.93, "Wilson's interval of 360 of 400"


def test_what_the_battery_did_not_measure_is_null(tiny):
    unknown = dict.fromkeys(("identity_rank1", "identity_rank1_chance", "rank_privacy", "accuracy"))
    certificate = build_certificate(tiny, battery(tiny.bundle_id, **unknown), EDGE, INTERVALS)
    assert certificate.identity_rank1 is certificate.rank_privacy is certificate.accuracy is None


def test_attacks_on_another_bundle_and_bundles_of_pictures_are_refused(tiny):
    with pytest.raises(MeasureFailed, match="not on"):
        build_certificate(tiny, battery("0" * 16), EDGE, INTERVALS)
    seen = made.manifest({"analyzer.onnx": b"x"}, kind="picture", split="", embedding="", output=None)
    with pytest.raises(MeasureFailed, match="sends a censored picture"):
        build_certificate(seen, battery(seen.bundle_id), EDGE, INTERVALS)


def test_rounding_leaves_a_figure_inside_its_interval():
    for value in (1 / 3, 2 / 3, 1e-7, math.pi):
        found = rounded(Figure(value, value, value))
        assert found.low <= found.value <= found.high
        assert found.value == round(value, 6)


def test_the_page_shows_the_strongest_attack_above_what_anyone_could_guess(tiny):
    found = outcome(tiny)
    facts = page_of(tiny, build_certificate(tiny, found.battery, EDGE, INTERVALS), found)
    assert [row.name for row in facts.reconstructed] == [
        "the best attack",
        "from the answer alone",
        "the average",
    ]
    assert np.array_equal(facts.reconstructed[0].pictures, found.samples["decoder"])
    assert "0.320" in facts.reconstructed[0].note
    assert "Not tried" in render_page(facts)


def test_the_curve_follows_the_noise(tiny):
    (curve,) = curve_of("simple", battery(tiny.bundle_id))
    assert curve.points == (CurvePoint(0.0, 0.97, 0.31), CurvePoint(2.0, 0.9, 0.32))
    assert curve_of("simple", battery(tiny.bundle_id, records=())) == ()


def test_the_curve_is_of_the_balance_that_leads(tiny):
    leading = msgspec.structs.replace(ranking(), name="rank-privacy-79")
    plain = msgspec.structs.replace(ranking(), figures={"privacy": figure(0.1), "accuracy": figure(0.5)})
    (curve,) = curve_of("simple", battery(tiny.bundle_id, records=(plain, leading)))
    assert curve.points[0].rank_privacy == 0.31


def test_no_picture_is_shown_where_none_was_rebuilt(tiny):
    found = outcome(tiny, strongest=None, strongest_ssim=None, over_floor=None, floor=None, answer_alone=None)
    found.samples.clear()
    facts = page_of(tiny, build_certificate(tiny, found.battery, EDGE, INTERVALS), found)
    assert not len(facts.originals)
    assert "holds pictures" not in render_page(facts)
    assert figure(0.5).low == 0.49
